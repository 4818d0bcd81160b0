import type { ErrorObject } from 'ajv';

const MOST_SENTENCES = 5;
const MOST_VALUES = 10;
const LONGEST_VALUE = 60;
const LONGEST = 300;

/** Keywords that only say that what stands within them failed. */
const FRAMES: ReadonlySet<string> = new Set(['if', 'anyOf', 'oneOf', 'allOf']);

/**
 * The errors for a person, e.g. `event.productOrder.state must be one of acknowledged, held`: at most 5, each at most
 * 300 characters, without values of the document, which may be secret.
 */
export function sentencesOf(errors: readonly ErrorObject[]): string[] {
  const telling = errors.filter(({ keyword }) => !FRAMES.has(keyword));
  const sentences = (telling.length > 0 ? telling : errors).map(sentenceOf);
  return [...new Set(sentences)].slice(0, MOST_SENTENCES).map((sentence) => shortened(sentence, LONGEST));
}

function sentenceOf({ keyword, instancePath, params, message }: ErrorObject): string {
  const place = placeOf(instancePath);
  if (keyword === 'required') {
    const { missingProperty } = params as { missingProperty: string };
    return `${place === '' ? '' : `${place}.`}${missingProperty} is missing`;
  }
  return `${place === '' ? 'the event' : place} ${complaintOf(keyword, params, message)}`;
}

function complaintOf(keyword: string, params: ErrorObject['params'], message: string | undefined): string {
  if (keyword === 'enum')
    return `must be one of ${listed((params as { allowedValues: unknown[] }).allowedValues)}`;
  if (keyword === 'type') return `must be ${[(params as { type: unknown }).type].flat().join(' or ')}`;
  if (keyword === 'format') return `must be a ${String((params as { format: unknown }).format)}`;
  return message ?? 'does not fit';
}

function listed(values: readonly unknown[]): string {
  // A value that also counts with blanks around it is told once.
  const texts = [...new Set(values.map((value) => shortened(String(value).trim(), LONGEST_VALUE)))];
  return texts.length <= MOST_VALUES ? texts.join(', ') : `${texts.slice(0, MOST_VALUES).join(', ')}, ...`;
}

/** `/event/productOrder/item/0/a~1b` -> `event.productOrder.item[0].a/b` */
function placeOf(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((place, step) => {
      if (/^\d+$/.test(step)) return `${place}[${step}]`;
      return place === '' ? step : `${place}.${step}`;
    }, '');
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}

import type { ReplayJob, ReplayJobs } from '../../src/brokers/log/log.ts';
import { ReplayBook } from '../../src/brokers/rabbitmq/replays/replay-book.ts';
import { EVER, ReplaySite } from './rabbitmq-replays-site.ts';
import { MemoryStream } from './rabbitmq-replays-stream.ts';

type News = ReplayJob | { readonly removed: string };

/** Whatever else goes on while a call is under way. */
function play() {
  const site = new ReplaySite();
  site.publish('e', 3);
  const kept = new Map<string, ReplayJob>();
  const seen: string[] = [];
  const during: { save?: (job: ReplayJob) => void; load?: () => void } = {};
  let tell: (news: News) => void = () => undefined;
  const jobs: ReplayJobs = {
    async save(job) {
      kept.set(job.id, job);
      during.save?.(job);
    },
    async load() {
      const found = [...kept.values()];
      during.load?.();
      return found;
    },
    async remove(id) {
      kept.delete(id);
    },
    watch: (told) => (tell = told),
  };
  let made = 0;
  const book = new ReplayBook({
    ...{ stream: new MemoryStream(site.stream, site.clock), jobs, clock: site.clock },
    newId: () => `j${++made}`,
    began: ({ id }) => seen.push(`${id} began`),
    ended: ({ id }) => seen.push(`${id} ended`),
  });
  const create = async () => (await site.finish(book.create('a', EVER, 'replay'))).id;
  return { book, kept, seen, during, create, tell: (news: News) => tell(news) };
}

test('a job is known once, whether its making is told or not, and however often', async () => {
  for (const times of [0, 1, 2]) {
    const { book, seen, during, create, tell } = play();
    await book.load();
    during.save = (job) => {
      for (let i = 0; i < times; i++) tell(job);
    };
    const id = await create();
    expect(book.of('a').map((job) => job.id)).toEqual([id]);
    expect(seen).toEqual([`${id} began`]);
    await book.end(id);
    tell({ removed: id });
    expect(book.of('a')).toEqual([]);
    expect(seen).toEqual([`${id} began`, `${id} ended`]);
  }
});

test('a job that another replica ended before its making was answered does not come to life again', async () => {
  const { book, during, create, tell } = play();
  await book.load();
  during.save = (job) => {
    tell(job);
    tell({ removed: job.id });
  };
  await create();
  expect(book.all()).toEqual([]);
});

test('a job that ends while the book is read is not in it', async () => {
  const { book, kept, during, create, tell } = play();
  const id = await create();
  const [job] = kept.values();
  const again = play();
  again.kept.set(id, job!);
  again.during.load = () => again.tell({ removed: id });
  await again.book.load();
  expect(again.book.all()).toEqual([]);
  during.load = () => tell({ removed: 'another' });
  await book.load();
  expect(book.all()).toEqual([job]);
});

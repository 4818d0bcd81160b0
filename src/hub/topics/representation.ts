import type { Topic } from '../../registry/store.ts';

/** `root`: what stands before the path of every href. */
export function topicHref(root: string, { basePath, id }: Pick<Topic, 'basePath' | 'id'>): string {
  return `${root}${basePath}/topic/${encodeURIComponent(id)}`;
}

export function topicBody(root: string, topic: Topic): Record<string, string> {
  return { id: topic.id, href: topicHref(root, topic), ...topic.members };
}

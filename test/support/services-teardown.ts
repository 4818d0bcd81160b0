export default async function tearDown(): Promise<void> {
  await (globalThis as { stopSharedServices?: () => Promise<void> }).stopSharedServices?.();
}

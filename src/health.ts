/** Of a part of the gateway; `reason`: one sentence for an operator. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

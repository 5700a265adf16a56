const acted =
  'it has the state that the claim starts from act before the first change; where that is left to chance, so is what the change shows';
const sooner =
  'it tells at once, and in the right words, what the rest of the claim would tell late, of something else';

/** Assertions that may go unmissed, by claim and text, each with the reason why it stays. */
export const justified: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'egress/switches': { 'await given.answered(...byName);': acted },
  'egress/every-client': { 'await given.refused(...everyClient);': acted },
  'permissive/switches': { 'await given.refused(request, hello);': acted },
  'permissive/on-ignores-policies': { 'await given.answered(request, hello);': acted },
  'permissive/off-obeys-policy': {
    'await given.refused(request, other client.gets(httpbin));': acted,
    'await given.refused(other client.gets(httpbin));':
      'a deletion that lets others in lets in the named client as well, in every mesh that anybody could think of',
  },
  'tcp-routing/allowed-port': { 'await given.refused(hello);': acted },
  'tcp-routing/target-before-route': { 'await given.refused(hello);': acted },
  'tcp-routing/half-close': { 'await given.refused(hello);': acted, 'await given.answered(hello);': sooner },
  'reliability/keeps-answering': { 'await given.answered(request);': sooner },
  'reliability/keeps-refusing': { 'await given.refused(request);': sooner },
  'reliability/whole-answers': { 'await given.answered(request);': sooner },
};

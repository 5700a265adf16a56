const acted = 'it makes the first state act before the first change; without it, chance decides what the change shows';
const sooner = 'it fails early and names the cause; the rest of the claim would fail later and name something else';

/** Assertions whose removal no cell notices, by claim and text, each with the reason why it stays. */
export const justified: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'egress/switches': { 'await given.answered(...byName);': acted },
  'egress/every-client': { 'await given.refused(...everyClient);': acted },
  'permissive/switches': { 'await given.refused(request, hello);': acted },
  'permissive/on-ignores-policies': { 'await given.answered(request, hello);': acted },
  'permissive/off-obeys-policy': {
    'await given.refused(request, otherClient.gets(httpbin));': acted,
    'await given.refused(otherClient.gets(httpbin));':
      'in every known mesh, a deletion that lets others in also lets in the named client',
  },
  'tcp-routing/allowed-port': { 'await given.refused(hello);': acted },
  'tcp-routing/target-before-route': { 'await given.refused(hello);': acted },
  'tcp-routing/half-close': { 'await given.refused(hello);': acted, 'await given.answered(hello);': sooner },
  'reliability/keeps-answering': { 'await given.answered(request);': sooner },
  'reliability/keeps-refusing': { 'await given.refused(request);': sooner },
  'reliability/whole-answers': { 'await given.answered(request);': sooner },
};

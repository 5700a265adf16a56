/** Fails unless the text is XML 1.0: only characters that it allows, elements closed in order, attributes quoted. */
export function expectWellFormed(xml: string): void {
  const allowed = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
  if (!allowed.test(xml)) throw new Error('the text holds characters that XML does not allow');

  const token =
    /<\?xml [^?]*\?>|<\/([\w-]+)>|<([\w-]+)((?:\s+[\w-]+="[^"<&]*(?:&\w+;|&#\d+;|[^"<&])*")*)\s*(\/?)>|[^<&]+|&(?:amp|lt|gt|quot|apos|#\d+);/guy;
  const open: string[] = [];
  let reached = 0;
  for (const match of xml.matchAll(token)) {
    const [whole, closed, opened, , selfClosed] = match;
    if (closed !== undefined && open.pop() !== closed) throw new Error(`</${closed}> closes another element`);
    if (opened !== undefined && selfClosed === '') open.push(opened);
    reached = match.index + whole.length;
  }
  if (reached !== xml.length) throw new Error(`no XML: ${xml.slice(reached, reached + 80)}`);
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
}

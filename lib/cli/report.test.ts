import { expect, it } from '@jest/globals';
import { withoutAnalytics } from './report.ts';

it('removes what reports the reader to others, and nothing else', () => {
  const html = [
    '<script>window.allure = {}</script>',
    '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>',
    '<script>\n  window.dataLayer = [];\n  gtag("js");\n</script>',
    '<script>data</script>',
  ].join('\n');
  expect(withoutAnalytics(html).split('\n').filter(Boolean)).toEqual([
    '<script>window.allure = {}</script>',
    '<script>data</script>',
  ]);
});

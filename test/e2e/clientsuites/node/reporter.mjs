// Prints one line of JSON for each test: its suite, name, outcome and detail.
import path from 'node:path';

export default async function* report(source) {
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    const suite = path.basename(data.file ?? '').replace(/\.test\.mjs$/, '');
    const skipped = data.skip !== undefined && data.skip !== false;
    const outcome = type === 'test:fail' ? 'failed' : skipped ? 'skipped' : 'passed';
    const error = data.details?.error;
    const detail = type === 'test:fail' ? String(error?.cause?.stack ?? error) : skipped ? String(data.skip) : '';
    yield `RESULT ${JSON.stringify({ suite, name: data.name, outcome, detail: detail.slice(0, 3000) })}\n`;
  }
}

import { describe, expect, it } from 'vitest';
import { createLog } from '../../service/log.ts';

function logged(level: 'info' | 'silent', fields: object): string {
  let text = '';
  const log = createLog(level, { write: (line) => (text += line) });
  log.info('something happened', fields);
  return text;
}

describe('the log', () => {
  it('writes one JSON line with the fields of the list', () => {
    const line = logged('info', { series: 'zj', batch: 3, fault: 'ECONNREFUSED' });
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      msg: 'something happened',
      series: 'zj',
      batch: 3,
      fault: 'ECONNREFUSED',
    });
  });

  it('drops every other field, whatever it is called', () => {
    const line = logged('info', {
      series: 'zj',
      candidateNumber: '26330101000001',
      body: { identityNumber: '11010519491231002X' },
      err: new Error('11010519491231002X'),
      name: '林泽',
    });
    expect(Object.keys(JSON.parse(line) as object).sort()).toEqual(['level', 'msg', 'series', 'time']);
    expect(line).not.toMatch(/26330101000001|11010519491231002X|林泽/);
  });

  it('is silent when told so', () => {
    expect(logged('silent', { series: 'zj' })).toBe('');
  });
});

/**
 * Built-in words in Chinese and English for states. A definition can put its own in their place.
 */
import type { ComponentStatusCode, SeriesDefinition, StatusCode, Text } from './definition.ts';

/** Title and note (what it means and what to do next) of each status of a slip. */
export const STATUS_TEXTS: Readonly<Record<StatusCode, { readonly title: Text; readonly note: Text }>> = {
  scored: {
    title: { zh: '成绩已公布', en: 'Results published' },
    note: {
      zh: '如对成绩有疑问，请在规定时间内向报名所在地考试机构申请复核。',
      en: 'If you doubt a mark, ask the examination office where you registered for a re-mark within the announced time.',
    },
  },
  absent: {
    title: { zh: '缺考', en: 'Absent' },
    note: {
      zh: '记录显示您未参加本次考试。如与事实不符，请联系报名所在地考试机构。',
      en: 'Our records say that you did not sit this exam. If that is wrong, please contact the examination office where you registered.',
    },
  },
  withheld: {
    title: { zh: '成绩暂缓公布', en: 'Result withheld for now' },
    note: {
      zh: '您的成绩尚在核查，这不表示不合格。核查结束后将在此公布，请留意报名所在地考试机构的通知。',
      en: 'Your result is still being checked. This does not mean that you failed. It will be shown here when the check is over; the examination office where you registered will tell you.',
    },
  },
  misconduct: {
    title: { zh: '违规处理', en: 'Irregularity' },
    note: {
      zh: '本次考试按违规作出处理，详情见书面通知。如有异议，可按通知所列途径申请复议。',
      en: 'This exam was dealt with as an irregularity; the written notice has the details and says how to object.',
    },
  },
  shielded: {
    title: { zh: '成绩屏蔽', en: 'Result shielded' },
    note: {
      zh: '您的成绩位于全省前列，按规定暂不显示具体分数，请向所在中学或考试机构查询。',
      en: 'Your result is among the highest; by rule its marks are not shown for now. Please ask your school or the examination office.',
    },
  },
  passed: {
    title: { zh: '合格', en: 'Passed' },
    note: {
      zh: '请按考试机构的通知办理后续手续。',
      en: 'Please follow the examination office’s notice for the next steps.',
    },
  },
  failed: {
    title: { zh: '不合格', en: 'Not passed' },
    note: {
      zh: '您可以报名参加下一次考试；如有疑问，可在规定时间内申请复核。',
      en: 'You can register for the next sitting; if you doubt the result, you can ask for a re-mark within the announced time.',
    },
  },
};

/** What stands in the place of a component's mark. */
export const COMPONENT_STATUS_TEXTS: Readonly<Record<ComponentStatusCode, Text>> = {
  absent: { zh: '缺考', en: 'Absent' },
  exempt: { zh: '免考', en: 'Exempt' },
  misconduct: { zh: '违规', en: 'Irregularity' },
  withheld: { zh: '暂缓', en: 'Withheld for now' },
};

/** Title and note of a status in a series: the definition's own where it has them. */
export function statusTexts(definition: SeriesDefinition, status: StatusCode): { title: Text; note: Text } {
  const own = definition.texts.status[status];
  const builtIn = STATUS_TEXTS[status];
  return { title: own?.title ?? builtIn.title, note: own?.note ?? builtIn.note };
}

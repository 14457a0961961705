/**
 * What the official account says, in one place per language.
 */
export type Language = 'zh' | 'en';

export interface WechatTexts {
  readonly articleTitle: string;
  readonly open: string;
  readonly scheduled: string;
  readonly scheduledUnknown: string;
  readonly withdrawn: string;
  readonly nothing: string;
  readonly tap: string;
  readonly noNumbers: string;
  readonly welcome: string;
  readonly help: string;
  readonly notYet: string;
  /** {year}, {month}, {day}, {time}, {zone} */
  readonly instant: string;
  readonly beijing: string;
}

export const WECHAT_TEXTS: Readonly<Record<Language, WechatTexts>> = {
  zh: {
    articleTitle: '成绩查询',
    open: '【可以查询】{title}',
    scheduled: '【{instant}公布】{title}',
    scheduledUnknown: '【公布时间待定】{title}',
    withdrawn: '【暂停查询】{title}',
    nothing: '目前没有可查询的考试，公布时间以考试机构的通知为准。',
    tap: '点这里，在网页上填写准考证号等信息查询。',
    noNumbers: '请不要在对话里发送准考证号、证件号，这里查不了成绩，也不会保存。',
    welcome: '您好！成绩公布后可以从这里查询。',
    help: '发送“查分”或点菜单“查成绩”，可以看到哪些考试能查、何时公布，并打开查询页面。请不要在对话里发送准考证号、证件号。',
    notYet: '系统正在准备，请过一会儿再发“查分”。',
    instant: '{year}年{month}月{day}日 {time}（{zone}）',
    beijing: '北京时间',
  },
  en: {
    articleTitle: 'Exam results',
    open: '[open] {title}',
    scheduled: '[{instant}] {title}',
    scheduledUnknown: '[time not set yet] {title}',
    withdrawn: '[paused] {title}',
    nothing: 'No exam is announced at the moment; the examination office’s notice counts.',
    tap: 'Tap here and fill in your numbers on the page.',
    noNumbers:
      'Please do not send candidate or identity numbers here: nothing can be looked up in this chat.',
    welcome: 'Hello! You can look up results from here once they are published.',
    help: 'Send “results” to see which exams are open or announced, and to open the page. Please do not send candidate or identity numbers here.',
    notYet: 'The system is getting ready; please send “results” again in a moment.',
    instant: '{year}-{month}-{day} {time} ({zone})',
    beijing: 'Beijing time',
  },
};

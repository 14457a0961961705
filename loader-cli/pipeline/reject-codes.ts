/**
 * Why a line of an official file is rejected: the whole list, with what each code means and what to
 * do about it. A code never changes its meaning; texts hold no data of a candidate.
 */
import type { Text } from '#results/definition.ts';

export interface RejectReason {
  readonly meaning: Text;
  readonly advice: Text;
}

const SAVE_AGAIN: Text = {
  zh: '请从原始系统重新导出该文件，或在文本编辑器中修正该行。',
  en: 'Export the file again from its source, or mend the line in a text editor.',
};
const TEXT_COLUMN: Text = {
  zh: '在 Excel 中请先将该列设为“文本”格式，再从原始数据重新导入；已丢失的数字无法恢复。',
  en: 'Set the column to Text in Excel before importing from the source again; digits that were lost cannot be restored.',
};
const CHECK_SOURCE: Text = {
  zh: '请对照原始记录核对该单元格。',
  en: 'Compare the cell with the original record.',
};
const CHECK_ROW: Text = {
  zh: '请对照原始记录核对整行，并确认没有错列。',
  en: 'Compare the whole row with the original record, and make sure that no cell has moved to another column.',
};

export const REJECT_REASONS = {
  // The line as text.
  'unclosed-quote': {
    meaning: { zh: '引号没有闭合', en: 'a quotation mark is not closed on its line' },
    advice: SAVE_AGAIN,
  },
  'line-break-in-quotes': {
    meaning: { zh: '引号内有换行', en: 'the line is part of a quoted value with a line break in it' },
    advice: SAVE_AGAIN,
  },
  'text-after-quote': {
    meaning: { zh: '闭合引号之后还有文字', en: 'there is text after a closing quotation mark' },
    advice: SAVE_AGAIN,
  },
  'stray-quote': {
    meaning: {
      zh: '未加引号的值中出现引号',
      en: 'there is a quotation mark inside a value that is not quoted',
    },
    advice: SAVE_AGAIN,
  },
  'column-count': {
    meaning: {
      zh: '该行的列数与表头不同',
      en: 'the line has another number of columns than the header',
    },
    advice: CHECK_ROW,
  },
  'truncated-line': {
    meaning: { zh: '文件在该行中途结束', en: 'the file ends in the middle of this line' },
    advice: {
      zh: '文件不完整，请重新传输或重新导出。',
      en: 'The file is not whole: transfer or export it again.',
    },
  },
  'field-too-long': {
    meaning: { zh: '某个值超过 10,000 个字符', en: 'a value is longer than 10,000 characters' },
    advice: SAVE_AGAIN,
  },
  'invalid-byte': {
    meaning: {
      zh: '含有该文件编码中不存在的字节',
      en: 'there is a byte that the encoding of the file does not have',
    },
    advice: {
      zh: '该行已损坏，请重新传输或重新导出文件。',
      en: 'The line is damaged: transfer or export the file again.',
    },
  },
  'nul-byte': {
    meaning: { zh: '含有空字符（NUL）', en: 'there is a NUL' },
    advice: {
      zh: '该行已损坏，请重新传输或重新导出文件。',
      en: 'The line is damaged: transfer or export the file again.',
    },
  },
  'control-character': {
    meaning: { zh: '含有控制字符', en: 'there is a control character' },
    advice: SAVE_AGAIN,
  },
  'value-without-column': {
    meaning: { zh: '没有列名的列中有内容', en: 'there is a value in a column that has no name' },
    advice: CHECK_ROW,
  },

  // Who it is.
  'credential-missing': {
    meaning: { zh: '该单元格不能为空', en: 'the cell is empty and must not be' },
    advice: CHECK_SOURCE,
  },
  'credential-too-long': {
    meaning: { zh: '该值超过 100 个字符', en: 'the value is longer than 100 characters' },
    advice: CHECK_SOURCE,
  },
  'scientific-notation': {
    meaning: {
      zh: '号码被 Excel 变成了科学计数法',
      en: 'Excel has turned the number into scientific notation',
    },
    advice: TEXT_COLUMN,
  },
  'digits-lost': {
    meaning: {
      zh: '证件号码的末三位疑被 Excel 变成 000',
      en: 'the identity number ends in 000 and its check character is wrong: Excel keeps 15 digits',
    },
    advice: TEXT_COLUMN,
  },
  'letter-for-digit': {
    meaning: {
      zh: '数字位置上出现字母 O、I 或 L',
      en: 'there is a letter O, I or L in the place of a digit',
    },
    advice: CHECK_SOURCE,
  },
  'pattern-mismatch': {
    meaning: { zh: '与规定的格式不符', en: 'the value does not have the form that the definition asks for' },
    advice: CHECK_SOURCE,
  },
  'not-a-document-number': {
    meaning: { zh: '不是可接受的证件号码', en: 'this is not the number of an accepted identity document' },
    advice: CHECK_SOURCE,
  },
  'wrong-check-character': {
    meaning: { zh: '证件号码校验位错误', en: 'the check character of the identity number is wrong' },
    advice: CHECK_SOURCE,
  },
  'impossible-birth-date': {
    meaning: {
      zh: '证件号码中的出生日期不存在',
      en: 'the birth date in the identity number does not exist',
    },
    advice: CHECK_SOURCE,
  },
  'old-15-digit-number': {
    meaning: { zh: '15 位旧身份证号', en: 'this is an old identity number of 15 digits' },
    advice: {
      zh: '请换成 18 位身份证号。',
      en: 'Replace it by the number of 18 characters.',
    },
  },
  'name-damaged': {
    meaning: {
      zh: '姓名在以往的编码转换中已损坏',
      en: 'the name holds a ? or a replacement character: an earlier conversion has damaged it',
    },
    advice: {
      zh: '请以 GB18030 或 UTF-8 从原始系统重新导出。',
      en: 'Export it again from its source as GB18030 or UTF-8.',
    },
  },

  // Marks.
  'mark-missing': {
    meaning: { zh: '缺少成绩', en: 'a mark is missing' },
    advice: {
      zh: '未参加考试的科目请填写“缺考”等规定字样。',
      en: 'For a component not sat, write the word that the definition has for it, such as 缺考.',
    },
  },
  'mark-not-understood': {
    meaning: {
      zh: '既不是数字，也不是规定的字样',
      en: 'this is neither a plain number nor a word of the definition',
    },
    advice: CHECK_SOURCE,
  },
  'mark-out-of-range': {
    meaning: { zh: '成绩超出规定范围', en: 'the mark is outside the component’s range' },
    advice: CHECK_ROW,
  },
  'mark-off-step': {
    meaning: { zh: '成绩不符合规定的分值间隔', en: 'the mark lies between two possible marks' },
    advice: CHECK_SOURCE,
  },
  'grade-unknown': {
    meaning: { zh: '没有这个等级', en: 'there is no such grade' },
    advice: CHECK_ROW,
  },
  'elective-count': {
    meaning: {
      zh: '选考科目的门数不符',
      en: 'the number of electives taken is not the number to choose',
    },
    advice: CHECK_ROW,
  },
  'nothing-taken': {
    meaning: { zh: '没有任何一科的成绩', en: 'there is no mark at all, and no status that explains it' },
    advice: CHECK_ROW,
  },

  // Total, rank, status, flags.
  'total-missing': {
    meaning: { zh: '有成绩而没有总分', en: 'there are marks and no total' },
    advice: CHECK_ROW,
  },
  'total-not-understood': {
    meaning: { zh: '总分不是数字', en: 'the total is not a plain number' },
    advice: CHECK_SOURCE,
  },
  'total-out-of-range': {
    meaning: { zh: '总分超出规定范围', en: 'the total is outside its range' },
    advice: CHECK_ROW,
  },
  'total-is-not-sum': {
    meaning: { zh: '总分不等于各科之和', en: 'the total is not the sum of the marks' },
    advice: CHECK_ROW,
  },
  'total-without-scores': {
    meaning: { zh: '没有任何分数却有总分', en: 'there is a total and no mark' },
    advice: CHECK_ROW,
  },
  'rank-missing': {
    meaning: { zh: '缺少位次', en: 'the rank is missing' },
    advice: CHECK_ROW,
  },
  'rank-not-understood': {
    meaning: { zh: '位次不是正整数', en: 'the rank is not a positive whole number' },
    advice: CHECK_SOURCE,
  },
  'rank-without-total': {
    meaning: { zh: '有位次而没有总分', en: 'there is a rank and no total' },
    advice: CHECK_ROW,
  },
  'rank-contradicts-total': {
    meaning: {
      zh: '总分较高者的位次反而不在前',
      en: 'a better total does not have a better rank',
    },
    advice: {
      zh: '请核对所列各行的总分与位次；若矛盾遍及全表，须重新计算全部位次。',
      en: 'Compare total and rank of the lines named; when they contradict each other all over, compute all ranks again.',
    },
  },
  'status-unknown': {
    meaning: { zh: '没有这种状态', en: 'the status is not a word of the definition' },
    advice: CHECK_ROW,
  },
  'status-contradicts-marks': {
    meaning: { zh: '状态与成绩矛盾', en: 'the status and the marks contradict each other' },
    advice: CHECK_ROW,
  },
  'flag-unknown': {
    meaning: { zh: '不是规定的字样', en: 'the value is not a word of the definition' },
    advice: CHECK_ROW,
  },

  // Several lines together.
  'duplicate-row': {
    meaning: { zh: '同一考生的同一行出现多次', en: 'the same row is there more than once' },
    advice: {
      zh: '请只保留一行。',
      en: 'Keep one of the lines.',
    },
  },
  'duplicate-candidate-number': {
    meaning: {
      zh: '同一准考证号出现在内容不同的多行',
      en: 'the same candidate number is on several lines that differ',
    },
    advice: CHECK_ROW,
  },
  'duplicate-identity-number': {
    meaning: {
      zh: '同一证件号码出现在多个准考证号下',
      en: 'the same identity number is under several candidate numbers',
    },
    advice: CHECK_ROW,
  },
  'duplicate-credentials': {
    meaning: {
      zh: '多名考生的查询凭据相同',
      en: 'several candidates would be found by the same credentials',
    },
    advice: {
      zh: '请核对这些行；确属不同考生时，定义中需要增加一项查询凭据。',
      en: 'Compare the lines; if they are different people, the definition must ask for one more credential.',
    },
  },
} as const satisfies Readonly<Record<string, RejectReason>>;

export type RejectCode = keyof typeof REJECT_REASONS;

/** Every code, in the order of the list: a code's place is how the ledger and reports refer to it. */
export const REJECT_CODES = Object.keys(REJECT_REASONS) as readonly RejectCode[];

/** One rejected physical line. */
export interface Reject {
  /** Place of the file among those given, from 0. */
  readonly file: number;
  /** Physical line, 1 = the header. */
  readonly line: number;
  /** Name of the column in the official file; undefined when it is the line as a whole. */
  readonly column: string | undefined;
  readonly code: RejectCode;
  /** Chinese and English; never a mark, a name or an identity number. */
  readonly message: string;
  /** Only when it is well-formed. */
  readonly candidateNumber: string | undefined;
}

/** The message of a code, with what is particular to the line (such as the numbers of other lines). */
export function rejectMessage(code: RejectCode, detail?: string): string {
  const { zh, en } = REJECT_REASONS[code].meaning;
  return `${zh} / ${en}${detail === undefined ? '' : `: ${detail}`}`;
}

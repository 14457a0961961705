import type { Texts } from './texts.ts';

export const en: Texts = {
  htmlLang: 'en',
  pageTitle: 'Exam results',
  otherLanguage: '中文',
  skipToForm: 'Skip to the form',
  privacy:
    'What you type is used for this lookup only: it is not put into the address, not kept on this device, and cleared when you leave.',

  list: {
    heading: 'Exams',
    none: 'No exam is announced at the moment',
    noneNote: 'Release times are shown here once they are set; the examination office’s notice counts.',
    scheduled: 'Published on {instant}',
    scheduledUnknown: 'Release time not set yet',
    open: 'Results are out',
    withdrawn: 'Paused',
    backToList: 'All exams',
  },

  state: {
    scheduledTitle: 'Results will be published on {instant}',
    scheduledUnknown: 'The release time is not set yet. It will be shown here.',
    countdownLabel: 'Time left',
    prepare:
      'You can fill this in now. At the release time this page asks for you; there is no need to reload.',
    prepareWithoutScript: 'You can check your numbers now. At the release time, press “Look up” once.',
    open: 'Results are out. Fill this in to see yours.',
    withdrawnTitle: 'Lookups are paused',
    withdrawnNote:
      'The examination office is checking these results. Whatever you saw before, the results published next are the ones that count. The new time will be shown here.',
    notFoundTitle: 'There is no such exam',
    notFoundNote: 'The link may be out of date, or this exam has not been announced yet.',
    crossSiteTitle: 'Please use this page',
    crossSiteNote:
      'That form came from another website. To protect you it was not used. Please fill it in below.',
    tooLargeTitle: 'That was too long',
    tooLargeNote: 'The form was not used. Please fill it in again below.',
  },

  form: {
    chooseSet: 'Look up by',
    and: ' + ',
    example: 'For example {example}',
    typed: '{typed} of {length} characters',
    clean: 'Tidied up as {value}',
    submit: 'Look up',
    submitWhenOpen: 'Ready: ask at the release time',
    edit: 'Change',
    cancel: 'Stop waiting',
    checked: 'Format is right',
  },

  faults: {
    empty: 'Please fill in: {title}.',
    'too-long': '{title}: this is too long, please check it.',
    'control-character': '{title}: there is a character that cannot be read, please type it again.',
    'pattern-mismatch':
      '{title}: the length or form is not right, please compare it with your admission ticket.',
    'letter-for-digit': '{title}: a letter seems to stand for a digit (O for 0, I for 1), please check it.',
    'scientific-notation': '{title}: this looks shortened by a spreadsheet, please type the whole number.',
    'not-a-document-number':
      '{title}: the length or form is not right, please compare it with your document.',
    'wrong-check-character':
      '{title}: one character seems to be wrong, please compare it with your document one by one.',
    'impossible-birth-date': '{title}: the birth date in it does not exist, please check it.',
    'old-15-digit-number': 'Please use your 18-digit identity number.',
    'not-text': 'Please fill in: {title}.',
    'no-such-set': 'Please fill in: {title}.',
  },
  faultSummary: 'Please check: {count}',

  notice: {
    asking: 'Looking up …',
    askingSlow: 'Still waiting for the answer; no need to send it again.',
    armedTitle: 'Ready. This page asks at the release time',
    armedNote:
      'Please keep this page open. It asks within {spread} seconds after the release: everybody a few seconds apart, so that nobody has to push. What you typed stays.',
    turnTitle: 'It is time. Your turn is coming',
    turnNote: 'Pages ask a few seconds apart so that they do not crowd; no need to reload.',
    turnIn: 'Asking in about {duration}',
    busyTitle: 'Many people are asking; you are waiting in line',
    busyNote:
      'Everything works, it is only busy. What you typed is still here and this page tries again by itself; reloading is not faster.',
    awayTitle: 'Not possible right now; trying again soon',
    awayNote:
      'A part of the system does not answer at the moment. What you typed is still here and this page tries again by itself. Your result does not change.',
    offlineTitle: 'You are offline',
    offlineNote: 'What you typed is still here. This page goes on by itself when the network is back.',
    retryIn: 'Trying again in about {duration}',
    retryNow: 'Trying again …',
    pauseTitle: 'Too many tries; a pause is needed',
    pauseNote:
      'So that nobody can guess your data, lookups pause after several mismatches. What you typed is still here and this page goes on by itself; you can also check and change it now.',
    longPauseNote:
      'So that nobody can guess your data, today’s tries are used up. You can try again in about {duration}; if you need it sooner, please call the examination office where you registered.',
    proofTitle: 'Doing a security check',
    proofNote: 'This page does it by itself; it usually takes seconds, and there is nothing for you to do.',
    proofWithoutScript:
      'There were many lookups from this network, so the browser has to do a security check. Please turn JavaScript on and try again, or try in about {duration}.',
    absentTitle: 'Nothing found; please check',
    absentNote:
      'There is no result for what you typed. Most likely one character is wrong: please compare everything with your admission ticket and document. If it is right and still not found, please contact the examination office where you registered.',
    notReleasedTitle: 'Not published yet',
    notReleasedNote: 'Results will be published on {instant}. What you typed is still here.',
    waitWithoutScript:
      'Please wait about {duration}, then press “Look up” once more. What you typed is still here; reloading is not faster.',
    unexpectedTitle: 'Something went wrong, and it is not your fault',
    unexpectedNote:
      'This page tries again by itself. If it stays like this, please tell the examination office the number below.',
    cleared: 'To protect your data the page was cleared. Please look up again when you need it.',
    requestId: 'Number {id}',
  },

  slip: {
    heading: 'Result slip',
    name: 'Name',
    number: 'Candidate number',
    total: 'Total',
    outOf: 'out of {max}',
    rank: 'Rank',
    rankValue: 'No. {rank}',
    components: 'Marks',
    component: 'Subject',
    mark: 'Mark',
    fullMark: 'Out of',
    grade: 'Grade',
    corrected: 'Corrected',
    correctedNote: 'This is the corrected result; it takes the place of what was published before.',
    rehearsal: 'Rehearsal data, not a real result',
    publishedAt: 'Published',
    batch: 'Batch',
    nextStep: 'What next',
    print: 'Print',
    saveImage: 'Save as image',
    another: 'Done, clear it',
    clearsIn: 'To protect your data this is cleared in about {duration}',
    imageNote:
      'Press and hold the image and choose “Save image”. It holds personal data; please keep it safe.',
    imageAlt: 'Image of the result slip, with the same content as this page',
    close: 'Close',
    componentNotes: {
      absent:
        'Absent: our records say that you did not sit this subject. If that is wrong, please contact the examination office where you registered.',
      exempt: 'Exempt: you are exempt from this subject by rule; the others are not affected.',
      misconduct:
        'Irregularity: this subject was dealt with by rule; the written notice has the details and says how to object.',
      withheld:
        'Withheld for now: this subject is still being checked. It does not mean that you failed; it will be shown here when the check is over.',
    },
  },

  time: {
    instant: '{date}, {time} ({zone})',
    beijing: 'Beijing time',
    days: '{n} d',
    hours: '{n} h',
    minutes: '{n} min',
    seconds: '{n} s',
    date: '{day} {month} {year}',
    months: [
      'January',
      'February',
      'March',
      'April',
      'May',
      'June',
      'July',
      'August',
      'September',
      'October',
      'November',
      'December',
    ],
  },
};

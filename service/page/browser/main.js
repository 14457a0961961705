// @ts-check
/// <reference lib="dom" />
/**
 * The page with a script: it counts down, asks at the release by itself, waits and tries again, shows the
 * slip, and clears it. Only one thing is ever under way; stopping it gives the form back as it was.
 *
 * Nothing is kept in storage, addresses or history. Without this script the form works all the same.
 */
import { LONGEST_TIMER_MS, firstAskAtMs, nextStep } from '../shared/schedule.js';
import { fill, showDuration, showInstant } from '../shared/words.js';
import { makeClock } from './clock.js';
import { byId } from './elements.js';
import { makeFields } from './fields.js';
import { makeNotice } from './notice.js';
import { solveChallenge } from './proof-of-work.js';
import { makeReleaseBox } from './release-box.js';
import { askLookup, askSeries } from './service.js';
import { makeSlipScreen } from './slip-screen.js';

/** A waiting page looks for a moved release this often, and once in the last minute and a half. */
const LOOK_AGAIN_MS = 600000;
const LAST_LOOK_FROM_MS = 90000;
const LAST_LOOK_TO_MS = 30000;
/** More challenges in a row than this are a fault. */
const MOST_PROOFS = 4;
/** After this a lookup under way says that it goes on. */
const SLOW_AFTER_MS = 4000;

/**
 * @typedef {object} PageData what the service wrote into the page (views.ts).
 * @property {string} id
 * @property {'zh' | 'en'} language
 * @property {import('../texts/texts.ts').Texts} texts
 * @property {'scheduled' | 'open' | 'withdrawn'} state
 * @property {number | null} releaseAtMs
 * @property {number} spreadMs
 * @property {import('./fields.js').FieldData[]} fields
 * @property {import('./fields.js').SetData[]} sets
 * @property {{ name: string, number: string }} titles
 * @property {string | null} footer
 */

/**
 * @param {PageData} page
 * @param {HTMLFormElement} form
 */
function run(page, form) {
  const { texts } = page;
  const n = texts.notice;
  const clock = makeClock();
  const fields = makeFields(form, page.fields, page.sets, texts);
  const notice = makeNotice(byId('notice'), byId('count'), texts);
  const box = makeReleaseBox(texts);
  const words = {
    texts,
    language: page.language,
    titles: page.titles,
    footer: page.footer === null ? undefined : page.footer,
  };
  const screen = makeSlipScreen(byId('slip'), words, (byItself) => {
    clearAll();
    if (byItself) notice.say({ tone: 'calm', title: n.cleared });
    else fields.focus();
  });
  const submit = byId('submit');
  const stop = document.createElement('button');
  stop.type = 'button';
  stop.className = 'secondary';
  stop.hidden = true;
  submit.insertAdjacentElement('afterend', stop);

  let { state, releaseAtMs } = page;
  /** @type {'idle' | 'armed' | 'asking' | 'waiting' | 'shown'} */
  let mode = 'idle';
  /** Raised by each start and stop: what an earlier one still brings is not wanted any more. */
  let turn = 0;
  /** The instant of the next asking while armed or waiting, by the service's clock. */
  let askAtMs = Infinity;
  let attempt = 0;
  let proofs = 0;
  let isOffline = false;
  /** @type {Record<string, string>} */
  let credentials = {};
  // Drawn once: who stops and starts again keeps the place in the crowd.
  const place = Math.random();
  let nextLookMs = Date.now() + LOOK_AGAIN_MS * (0.5 + Math.random());
  // A page that comes that late is fresh.
  let hasLastLook = releaseAtMs !== null && releaseAtMs - clock.nowMs() < LAST_LOOK_FROM_MS;

  const isBeforeRelease = () => state !== 'open' && releaseAtMs !== null && clock.nowMs() < releaseAtMs;
  const untilRelease = () => (releaseAtMs === null ? 0 : releaseAtMs - clock.nowMs());

  /**
   * Enters a mode: what was under way is left behind.
   * @param {typeof mode} newMode
   * @param {number} newAskAtMs
   * @param {string} stopWords on the button that leaves it; empty when the form is free.
   */
  const enter = (newMode, newAskAtMs, stopWords) => {
    turn += 1;
    mode = newMode;
    askAtMs = newAskAtMs;
    const isFree = stopWords === '';
    fields.lock(!isFree);
    submit.hidden = !isFree;
    stop.hidden = isFree;
    stop.textContent = stopWords;
    box.prepared(!isFree);
    notice.countTo('');
    showRelease();
  };
  const free = () => {
    enter('idle', Infinity, '');
    notice.hush();
  };
  /** @param {import('./notice.js').NoticeWords} what */
  const freeAndSay = (what) => {
    free();
    notice.say(what);
    notice.focus();
  };

  const showRelease = () => {
    const isBefore = isBeforeRelease();
    submit.textContent = isBefore ? texts.form.submitWhenOpen : texts.form.submit;
    if (isBefore) box.count(untilRelease());
    else if (releaseAtMs !== null && state !== 'open') {
      state = 'open';
      box.open();
    }
  };

  /** Looks whether the release was moved, and what time it is. */
  const lookAgain = async () => {
    const answer = await askSeries();
    if (answer.serviceMs !== undefined) clock.set(answer.serviceMs, Date.now());
    const all = answer.body === undefined ? undefined : answer.body.series;
    if (answer.status !== 200 || !Array.isArray(all) || mode === 'shown') return;
    const now = all.filter((one) => one.id === page.id)[0];
    if (now === undefined) return;
    const newReleaseAtMs = now.releaseAt === null ? null : Date.parse(now.releaseAt);
    if (now.state === state && newReleaseAtMs === releaseAtMs) return;
    state = now.state;
    releaseAtMs = newReleaseAtMs;
    if (state === 'open') box.open();
    else box.moved(now.releaseAt);
    if (mode !== 'armed') showRelease();
    else if (releaseAtMs !== null) arm();
    else freeAndSay({ tone: 'calm', title: n.notReleasedTitle, text: texts.state.scheduledUnknown });
  };
  const lookWhenDue = () => {
    const left = untilRelease();
    const lastLookMs = LAST_LOOK_TO_MS + place * (LAST_LOOK_FROM_MS - LAST_LOOK_TO_MS);
    const isLast = !hasLastLook && left <= lastLookMs && left > LAST_LOOK_TO_MS / 2;
    if (!isBeforeRelease() || (!isLast && Date.now() < nextLookMs)) return;
    hasLastLook = hasLastLook || isLast;
    nextLookMs = Date.now() + LOOK_AGAIN_MS * (0.5 + Math.random());
    void lookAgain();
  };

  const arm = () => {
    attempt = 0;
    enter('armed', firstAskAtMs(releaseAtMs || 0, page.spreadMs, place), texts.form.edit);
    const spread = Math.ceil(page.spreadMs / 1000);
    notice.say({ tone: 'calm', title: n.armedTitle, text: fill(n.armedNote, { spread }) });
  };

  /** @param {string} [proof] value of the header fangbang-proof. */
  const ask = async (proof) => {
    enter('asking', Infinity, texts.form.cancel);
    const mine = turn;
    notice.say({ tone: 'wait', title: attempt === 0 ? n.asking : n.retryNow });
    const slow = setTimeout(() => {
      if (turn === mine) notice.say({ tone: 'wait', title: n.asking, text: n.askingSlow });
    }, SLOW_AFTER_MS);
    const answer = await askLookup(page.id, credentials, proof);
    clearTimeout(slow);
    if (answer.serviceMs !== undefined) clock.set(answer.serviceMs, Date.now());
    if (turn === mine) take(answer);
  };

  /**
   * @param {number} delayMs
   * @param {import('./notice.js').NoticeWords} what
   */
  const wait = (delayMs, what) => {
    attempt += 1;
    enter('waiting', clock.nowMs() + delayMs, texts.form.cancel);
    notice.say(what);
    tick();
  };

  /** @param {import('./service.js').ServiceAnswer} answer */
  const take = (answer) => {
    const random = attempt === 0 ? place : Math.random();
    const step = nextStep(answer, { attempt, nowMs: clock.nowMs(), spreadMs: page.spreadMs, random });
    const { body } = answer;
    isOffline = false;
    switch (step.kind) {
      case 'found':
        enter('shown', Infinity, '');
        forget();
        notice.hush();
        screen.show(body);
        tick();
        return;
      case 'absent':
        return freeAndSay({ tone: 'problem', title: n.absentTitle, text: n.absentNote });
      case 'invalid': {
        free();
        fields.fault(body.field, body.fault);
        return notice.say({
          tone: 'problem',
          title: fill(texts.faultSummary, { count: 1 }),
          requestId: body.requestId,
        });
      }
      case 'gone':
        return freeAndSay({
          tone: 'problem',
          title: texts.state.notFoundTitle,
          text: texts.state.notFoundNote,
        });
      case 'closed':
        return freeAndSay(
          state === 'scheduled'
            ? { tone: 'calm', title: n.notReleasedTitle, text: texts.state.scheduledUnknown }
            : { tone: 'calm', title: texts.state.withdrawnTitle, text: texts.state.withdrawnNote },
        );
      case 'release': {
        // Our clock was fast, or the release was moved.
        releaseAtMs = step.releaseAtMs;
        state = state === 'open' ? 'scheduled' : state;
        arm();
        askAtMs = clock.nowMs() + step.delayMs;
        const instant = showInstant(body.releaseAt, texts);
        return notice.say({
          tone: 'calm',
          title: n.notReleasedTitle,
          text: fill(n.notReleasedNote, { instant }),
        });
      }
      case 'proof':
        void prove(body.challenge);
        return;
      case 'blocked': {
        const duration = showDuration(step.seconds, texts);
        return freeAndSay({
          tone: 'wait',
          title: n.pauseTitle,
          text: fill(n.longPauseNote, { duration }),
        });
      }
      case 'pause':
        return wait(step.delayMs, { tone: 'wait', title: n.pauseTitle, text: n.pauseNote });
      case 'retry': {
        isOffline = step.reason === 'offline';
        const said = /** @type {const} */ ({
          busy: { tone: 'wait', title: n.busyTitle, text: n.busyNote },
          away: { tone: 'wait', title: n.awayTitle, text: n.awayNote },
          offline: { tone: 'wait', title: n.offlineTitle, text: n.offlineNote },
          unexpected: { tone: 'problem', title: n.unexpectedTitle, text: n.unexpectedNote },
        })[step.reason];
        const requestId = step.reason === 'busy' || body === undefined ? undefined : body.requestId;
        return wait(step.delayMs, Object.assign({ requestId }, said));
      }
    }
  };

  /** @param {import('./proof-of-work.js').Challenge | undefined} challenge */
  const prove = async (challenge) => {
    const mine = turn;
    proofs += 1;
    try {
      if (challenge === undefined || proofs > MOST_PROOFS) throw new Error('no way to prove');
      notice.say({ tone: 'wait', title: n.proofTitle, text: n.proofNote });
      const proof = await solveChallenge(challenge, notice.progress());
      if (turn === mine) void ask(proof);
    } catch {
      if (turn !== mine) return;
      proofs = 0;
      wait(10000 * (1 + Math.random()), {
        tone: 'problem',
        title: n.unexpectedTitle,
        text: n.unexpectedNote,
      });
    }
  };

  const forget = () => {
    credentials = {};
    attempt = 0;
    proofs = 0;
    form.reset();
    fields.clear();
  };
  const clearAll = () => {
    screen.clear();
    forget();
    free();
  };

  const tick = () => {
    const left = askAtMs - clock.nowMs();
    showRelease();
    if (mode === 'idle' || mode === 'armed') lookWhenDue();
    if (mode === 'shown') screen.tick();
    else if (left <= 0) void ask();
    else if (mode === 'waiting')
      notice.countTo(fill(n.retryIn, { duration: showDuration(left / 1000, texts) }));
    else if (mode === 'armed' && untilRelease() <= 0) {
      if (notice.title() !== n.turnTitle) notice.say({ tone: 'wait', title: n.turnTitle, text: n.turnNote });
      notice.countTo(fill(n.turnIn, { duration: showDuration(left / 1000, texts) }));
    }
  };
  /** Once a second, and exactly when the next asking is due. */
  const beat = () => {
    tick();
    const due = askAtMs - clock.nowMs();
    setTimeout(beat, Math.min(LONGEST_TIMER_MS, due > 0 && due < 1000 ? due + 1 : 1000));
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (mode !== 'idle') return;
    const read = fields.read();
    if (read.faults > 0) {
      notice.say({ tone: 'problem', title: fill(texts.faultSummary, { count: read.faults }) });
      if (read.firstFault !== undefined) read.firstFault.focus();
      return;
    }
    credentials = read.credentials;
    attempt = 0;
    proofs = 0;
    if (isBeforeRelease()) arm();
    else void ask();
  });
  form.addEventListener('input', () => {
    if (mode === 'idle') notice.hush();
  });
  stop.addEventListener('click', () => {
    free();
    submit.focus();
  });
  window.addEventListener('online', () => {
    // All phones of a train are back at once: within three seconds, then, and not in one instant.
    if (mode === 'waiting' && isOffline) askAtMs = Math.min(askAtMs, clock.nowMs() + Math.random() * 3000);
    if (mode === 'armed') arm();
  });
  window.addEventListener('offline', () => {
    if (mode === 'armed') notice.say({ tone: 'wait', title: n.offlineTitle, text: n.offlineNote });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    // Timers slept, and perhaps the phone with its clock.
    if (isBeforeRelease() && Date.now() > nextLookMs - LOOK_AGAIN_MS / 2) nextLookMs = 0;
    tick();
  });
  // On leaving, also into the browser's memory of pages one can go back to.
  window.addEventListener('pagehide', clearAll);
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) void lookAgain();
  });

  showRelease();
  if (!clock.isSet() && isBeforeRelease()) void lookAgain();
  beat();
}

const pageData = document.getElementById('page-data');
const pageForm = document.getElementById('form');
if (pageData !== null && pageForm instanceof HTMLFormElement)
  run(JSON.parse(pageData.textContent || ''), pageForm);

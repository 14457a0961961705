// Sabotage: releases by the machine's clock. Loaded before the service, after the wrong clock.
import './wrong-clock.mjs';

const { DatabaseClock } = await import('../../../service/lookup/database-clock.ts');
DatabaseClock.prototype.nowMs = () => Date.now();

/** @module The double of `k6/metrics`. */
import type { MetricKind, Tags } from '../runtime.ts';
import { addSample, declareMetric } from '../runtime.ts';

class Metric {
  readonly name: string;

  constructor(name: string, kind: MetricKind) {
    declareMetric(name, kind);
    this.name = name;
  }

  add(value: number | boolean, tags?: Tags): void {
    addSample(this.name, Number(value), tags);
  }
}

export class Counter extends Metric {
  constructor(name: string) {
    super(name, 'counter');
  }
}

export class Gauge extends Metric {
  constructor(name: string) {
    super(name, 'gauge');
  }
}

export class Rate extends Metric {
  constructor(name: string) {
    super(name, 'rate');
  }
}

export class Trend extends Metric {
  constructor(name: string, _isTime?: boolean) {
    super(name, 'trend');
  }
}

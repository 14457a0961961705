/** Options that k6 would refuse, or that the double does not know: k6's exit code 104. */
export class InvalidConfig extends Error {}

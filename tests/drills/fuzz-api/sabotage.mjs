// Loaded before the service by `--sabotage`: an answer with a member that is not described, and a fault of the
// program for credentials that hardly anybody types. The fuzzer must see the first at once, the second with enough cases.
const { stringify } = JSON;
JSON.stringify = (value, ...rest) =>
  stringify(value?.publishedAt === undefined ? value : { ...value, undescribed: true }, ...rest);

const { isWellFormed } = String.prototype;
// oxlint-disable-next-line no-extend-native -- to break the program is what this file is for
String.prototype.isWellFormed = function breakable() {
  // Neither a Chinese name nor the JSON of an answer, which the runtime itself looks at.
  if (/^[^{]*[^\u0000-\u007F\u4E00-\u9FFF]/.test(this)) throw new Error('sabotage');
  return isWellFormed.call(this);
};

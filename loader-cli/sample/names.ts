/**
 * Synthetic Chinese names. A few have what makes trouble in real files: characters of four bytes in
 * GB18030, compound surnames, the middle dot of transcribed names.
 */
import type { Random } from './random.ts';

const SURNAMES = Array.from(
  '王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚',
);
const COMPOUND_SURNAMES = ['欧阳', '司马', '上官', '诸葛', '司徒', '夏侯', '皇甫', '东方'];
const GIVEN = Array.from(
  '文明佳雨欣怡子轩浩然梓涵宇航思远诗琪嘉乐天晨曦雅婷俊杰志强晓峰丽娜静秀英建国伟芳敏艳军磊洋勇超霞平刚桂兰春梅海燕玉龙飞鹏翔宁安康永福瑞祥泽润清源江波涛云岚雪冰可心悦彤若溪语嫣书瑶锦程一凡星辰逸飞铭泽皓月知行慕白景行致远承恩怀瑾握瑜',
);
/** Extension A and B, and one that GBK lacked: four bytes in GB18030, or two UTF-16 units. */
const RARE = ['𠮷', '㛃', '䶮', '𬭎', '𫖯', '㴋', '𬀩', '𨱏'];
const TRANSCRIBED_GIVEN = ['阿依古丽', '买买提', '努尔兰', '扎西', '卓玛', '巴特尔', '其其格', '古丽娜尔'];
const TRANSCRIBED_FAMILY = ['艾合买提', '吐尔逊', '叶尔肯', '次仁', '达瓦', '苏和', '阿不都热依木'];

/** A name as it stands in the file and on the slip. */
export function sampleName(random: Random): string {
  const kind = random.below(1000);
  if (kind < 3) return `${random.pick(TRANSCRIBED_GIVEN)}·${random.pick(TRANSCRIBED_FAMILY)}`;
  const surname = kind < 13 ? random.pick(COMPOUND_SURNAMES) : random.pick(SURNAMES);
  const first = kind >= 13 && kind < 18 ? random.pick(RARE) : random.pick(GIVEN);
  return random.below(100) < 18 ? `${surname}${first}` : `${surname}${first}${random.pick(GIVEN)}`;
}

/**
 * Sites that lux has extractors for, by the label before their public suffix, as lux itself looks them up. Source: the
 * registrations in lux of December 2025. Every other address goes to its universal extractor, which downloads whatever
 * is there as a file.
 */
const SITES = new Set(
  `acfun bcy bilibili b23 bitchute douyin iesdouyin douyu eporner facebook geekbang hupu huya instagram iq iqiyi ixigua
  kuaishou mgtv miaopai 163 odysee pinterest pixivision pornhub qq reddit rumble streamtape streamta tangdou threads
  tiktok toutiao tumblr twitter udn vimeo vk weibo xiaohongshu ximalaya xinpianchang xvideos yinyuetai youku youtube
  youtu zhihu zing zingmp3`.split(/\s+/),
);
/** Looked up by their full name. */
const HOSTS = new Set(['haokan.baidu.com', 'xhslink.com']);
/** Public suffixes of two labels under which these sites exist. */
const SECOND_LEVEL = /\.(com|co|net|org)\.[a-z]{2}$/;

export function isLuxSite(hostname: string): boolean {
  if (HOSTS.has(hostname)) return true;
  const labels = hostname.toLowerCase().replace(/\.$/, '').split('.');
  const site = labels.at(SECOND_LEVEL.test(hostname) ? -3 : -2);
  return labels.length > 1 && site !== undefined && SITES.has(site);
}

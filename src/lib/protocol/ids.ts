/**
 * The id of a download: 8 random bytes in base64url, 11 characters. Earlier versions stored ids of 12 characters, made by
 * nanoid, which stay valid. A new id collides with one of 25,000 downloads with a probability of 1 in 10^15.
 */
export const DOWNLOAD_ID = /^[\w-]{11,12}$/;

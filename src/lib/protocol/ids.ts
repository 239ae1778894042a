/**
 * The id of a download: 8 random bytes in base64url, 11 characters. Stores of earlier versions hold ids of 12 characters,
 * made by nanoid, which stay valid. Of 25,000 downloads none has a new id already but for a chance of 1 in 10^15.
 */
export const DOWNLOAD_ID = /^[\w-]{11,12}$/;

/** The task of a thread that decodes pictures. */
export { decodeSome as default } from '../data/pictures/decode-some.js';

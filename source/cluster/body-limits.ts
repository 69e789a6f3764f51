/** Limits of response bodies. */

/** A page of 5,000 pods has about 40 MiB. */
export const maxObjectBytes = 256 * 1024 * 1024;

/** Of an error response whose object is parsed; a longer one is an error itself. */
export const maxErrorBytes = 1024 * 1024;

/** Of an error response whose beginning is enough. */
export const maxErrorPrefixBytes = 64 * 1024;

/** Of an HTML page, whose title names its sender. */
export const maxWebPagePrefixBytes = 8 * 1024;

/** Program version and User-Agent. */
import {createRequire} from 'node:module';

declare const SPOKE_VERSION: string | undefined;

export const version: string =
	typeof SPOKE_VERSION === 'string' ? SPOKE_VERSION : (createRequire(import.meta.url)('../../package.json') as {version: string}).version;

/** Identifies spoke in the apiserver's audit log. */
export const userAgent = `spoke/${version}`;

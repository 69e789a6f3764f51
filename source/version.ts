/** Which version this is; package.json says it, the build puts it in. */
import {createRequire} from 'node:module';

declare const SPOKE_VERSION: string | undefined;

export const version: string =
	typeof SPOKE_VERSION === 'string' ? SPOKE_VERSION : (createRequire(import.meta.url)('../package.json') as {version: string}).version;

/** Sent with every request, so that audit logs say who asked. */
export const userAgent = `spoke/${version}`;

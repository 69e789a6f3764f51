/** Errors of files on this machine. */
import {SpokeError} from '../../errors/spoke-error.ts';

export function localFileError(path: string, error: unknown): SpokeError {
	return new SpokeError('ERR_LOCAL_FILE', `${path}: ${localErrorText(error)}`, {cause: error});
}

/** Without the path of the message, which can be one below /proc/self/fd. */
export function localErrorText(error: unknown): string {
	const {code, message} = error as NodeJS.ErrnoException;
	return systemMessages.get(code ?? '') ?? message;
}

const systemMessages = new Map([
	['ENOENT', 'no such file or directory'],
	['ENOTDIR', 'not a directory'],
	['EISDIR', 'is a directory'],
	['EACCES', 'permission denied'],
	['ELOOP', 'is a link, and links are not followed'],
	['ENOSPC', 'no space left on the device'],
	['EDQUOT', 'disk quota exceeded'],
	['EROFS', 'read-only file system'],
	['EBUSY', 'device or resource busy: a mounted file cannot be replaced'],
	['EFBIG', 'the file system allows no file of this size'],
]);

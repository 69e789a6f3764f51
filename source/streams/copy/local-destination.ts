/** Where a copy goes on this machine. */
import {mkdir, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {SpokeError} from '../../errors/spoke-error.ts';
import {localFileError} from './local-file-error.ts';

/**
A file goes into DESTINATION if that is a directory, otherwise it gets this name. The content of a directory goes into DESTINATION, which is
created, as with kubectl. `name` is null for a directory.
@throws SpokeError ERR_LOCAL_FILE
*/
export async function localDestination(
	destination: string,
	{kind, source}: {kind: 'file' | 'directory'; source: string},
): Promise<{directory: string; name: Buffer | null}> {
	const isDirectory = await stat(destination).then(
		facts => facts.isDirectory(),
		() => destination.endsWith('/'),
	);
	if (kind === 'file') {
		const path = isDirectory ? join(destination, basename(source)) : destination;
		return {directory: dirname(path), name: Buffer.from(basename(path))};
	}

	await mkdir(destination, {recursive: true}).catch((error: unknown) => {
		throw (error as NodeJS.ErrnoException).code === 'EEXIST'
			? new SpokeError('ERR_LOCAL_FILE', `${destination} is a file, and the source is a directory`, {cause: error})
			: localFileError(destination, error);
	});
	return {directory: destination, name: null};
}

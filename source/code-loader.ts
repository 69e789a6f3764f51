/** Loads the program's files, from the build directory or from inside a single executable. */
import process from 'node:process';
import {Script} from 'node:vm';

/** A file of the program as V8 takes it. */
export type ProgramFile = {
	/** Absolute, as stack traces show it. */
	path: string;
	/** As `wrapProgramFile` returns it. */
	code: string;
	/** Compiled code of an earlier run; V8 checks that it fits. */
	cachedData?: Buffer | undefined;
	/** Called with the script, compiled or from `cachedData`, before it runs. */
	onCompiled?: (script: Script) => void;
};

/** Reads a file by its path inside the build, for example `commands/logs.js`. @throws Error for a file that is missing */
export type ReadProgramFile = (name: string) => ProgramFile;

/**
Returns a function that loads a file of the build once, and returns its exports. Files in `parts/` can use top-level await, so theirs are a
promise. `import()` is a call of `load`, because a script has `import()` only with an experimental option.
*/
export function createCodeLoader(read: ReadProgramFile): (name: string) => unknown {
	const loaded = new Map<string, {exports: unknown}>();
	const load = (name: string): unknown => {
		const known = loaded.get(name);
		if (known) {
			return known.exports;
		}

		const module = {exports: {} as unknown};
		const file = read(name);
		loaded.set(name, module);
		const result = compile(file)(module.exports, require, module, file.path, file.path.slice(0, file.path.lastIndexOf('/')));
		if (result !== undefined) {
			module.exports = result;
		}

		return module.exports;
	};

	// `commands/logs.js`, the path inside the build, or a built-in such as `node:fs`.
	const require = (id: string) => (id.endsWith('.js') ? load(id) : process.getBuiltinModule(id));
	return load;
}

type CommonJs = (
	exports: unknown,
	require: (id: string) => unknown,
	module: object,
	filename: string,
	dirname: string,
) => Promise<unknown> | undefined;

/**
Returns the text of a build file: `code` in a function expression. The build calls this, because a start would copy the whole text.
*/
export function wrapProgramFile(name: string, code: string): string {
	const parameters = '(exports,require,module,__filename,__dirname){';
	return name.startsWith('parts/') ? `(async function${parameters}"use strict";${code}\n})` : `(function${parameters}${code}\n})`;
}

function compile({path, code, cachedData, onCompiled}: ProgramFile): CommonJs {
	const script = new Script(code, {filename: path, ...(cachedData && {cachedData})});
	onCompiled?.(script);
	return script.runInThisContext() as CommonJs;
}

/** The reader of a single executable's own files and compiled code, or null in a process of Node. */
export function embeddedFiles(): ReadProgramFile | null {
	// A static import would fail in a Node that is too old, before spoke reports it.
	const {isSea, getAsset, getRawAsset} = process.getBuiltinModule('node:sea');
	return isSea()
		? name => ({
				path: embeddedPath(name),
				code: getAsset(name, 'utf8'),
				cachedData: Buffer.from(getRawAsset(compiledName(name))),
			})
		: null;
}

/** The compiled code beside a file. */
export function compiledName(name: string): string {
	return `${name}.compiled`;
}

/** Where stack traces of a single executable show a file. Nothing is read from there. */
export function embeddedPath(name: string): string {
	return `/spoke/${name}`;
}

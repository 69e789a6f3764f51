/** Loads many test files into one process: each finds an `ava` that puts the file's name before its titles. */
import {registerHooks} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {TestFn} from 'ava';
import {filesOfProcess, root} from './shared-files.ts';

let current = '';
const declarations: Array<() => void> = [];

/** Ava takes no test after the turn of the first one, and files are loaded over many: tests are kept until all are there. */
export async function loadTogether(index: number): Promise<void> {
	const titled = new URL('titled-ava.ts', import.meta.url).href;
	const hooks = registerHooks({
		resolve: (specifier, context, nextResolve) =>
			specifier === 'ava' && context.parentURL !== titled ? {url: titled, shortCircuit: true} : nextResolve(specifier, context),
	});
	for (const file of filesOfProcess(index)) {
		current = file
			.replace(/^test\//, '')
			.replace(/\.test\.tsx?$/, '')
			.replaceAll('/', ' › ');
		await import(pathToFileURL(join(root, file)).href);
	}

	hooks.deregister();
	for (const declare of declarations) {
		declare();
	}
}

/** Titles of one file stay apart from those of another, and a failure says where to look. */
export function withFileName(test: TestFn): TestFn {
	return new Proxy(test, {
		apply(target, receiver, [title, ...rest]: [string, ...unknown[]]) {
			const full = `${current} › ${title}`;
			declarations.push(() => {
				Reflect.apply(target, receiver, [full, ...rest]);
			});
		},
		get(target, key) {
			const member = Reflect.get(target, key) as unknown;
			return typeof member === 'function' ? withFileName(member as TestFn) : member;
		},
	});
}

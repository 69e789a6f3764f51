/** Loads many test files into one process and prefixes their titles with the file name. */
import {registerHooks} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {TestFn} from 'ava';
import {filesOfProcess, root} from './suite-files.ts';

let current = '';
const declarations: Array<() => void> = [];

/** Ava accepts no tests after the event loop turn of the first one, so tests are collected and declared at the end. */
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

/**
Runs ava as its own command does. Without this, its TAP reporter ends at a failure whose error has no stack frame, and names no test: it
prints the frame as YAML, which has no `undefined`.
*/
import {createRequire} from 'node:module';

type Yaml = {safeDump(value: unknown, options?: {skipInvalid: boolean}): string};

const requireAsAva = createRequire(import.meta.resolve('ava'));
const yaml = createRequire(requireAsAva.resolve('supertap'))('js-yaml') as Yaml;
const {safeDump} = yaml;
yaml.safeDump = value => safeDump(value, {skipInvalid: true});

await import(new URL('cli.js', import.meta.resolve('ava')).href);

/**
Runs ava's command with a patched js-yaml. ava's TAP reporter prints the stack frame of an error as YAML. If the frame is undefined, js-yaml
throws, and the reporter stops without naming the failed test.
*/
import {createRequire} from 'node:module';

type Yaml = {safeDump(value: unknown, options?: {skipInvalid: boolean}): string};

const requireAsAva = createRequire(import.meta.resolve('ava'));
const yaml = createRequire(requireAsAva.resolve('supertap'))('js-yaml') as Yaml;
const {safeDump} = yaml;
yaml.safeDump = value => safeDump(value, {skipInvalid: true});

await import(new URL('cli.js', import.meta.resolve('ava')).href);

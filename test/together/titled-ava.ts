/** What a test file in a shared process gets for `ava`. */
import test from 'ava';
import {withFileName} from './load-together.ts';

export * from 'ava';
export default withFileName(test);

/** Replaces `ava` in a shared process. */
import test from 'ava';
import {withFileName} from './load-together.ts';

export * from 'ava';
export default withFileName(test);

import {dirname} from 'node:path';
import process from 'node:process';

/** A PATH on which `node` is the Node of the tests: the built program starts the Node that it finds. */
export const nodePath = `${dirname(process.execPath)}:${process.env['PATH']}`;

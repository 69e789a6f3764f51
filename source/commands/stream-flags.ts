/** The last flags of each command that opens streams to a pod or relays requests. */
import {helpFlag, pathFlag, readOnlyFlag} from '../command-line/common-flags.ts';
import {connectionFlags} from '../command-line/connection-flags.ts';
import type {FlagSpec} from '../command-line/flag-spec.ts';
import {requireFlags} from './require-flags.ts';

export const streamFlags = [readOnlyFlag, pathFlag, ...requireFlags, helpFlag, ...connectionFlags] as const satisfies readonly FlagSpec[];

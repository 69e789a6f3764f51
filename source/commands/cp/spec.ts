/** Spec of `spoke cp`. */
import {containerFlag, outputFlag, podRunningTimeoutFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';
import {streamFlags} from '../stream-flags.ts';

const flags = [
	containerFlag(),
	{name: 'no-preserve', kind: 'boolean', help: 'do not keep modes and times; files get those of new files'},
	{
		name: 'retries',
		kind: 'integer',
		default: 5,
		value: 'COUNT',
		help: 'how often the copy continues after losing its stream; with the remaining files, counted again after each copied file; 0 means never, a negative value means no limit',
	},
	{
		name: 'debug-image',
		kind: 'string',
		value: 'IMAGE',
		help: 'copy through a debug container of this image; added to the pod if the container has no shell, or lacks a program for copies: for example busybox; on a terminal, spoke asks',
	},
	{
		name: 'debug-profile',
		kind: 'string',
		value: 'PROFILE',
		default: 'general',
		oneOf: ['general', 'baseline', 'restricted', 'sysadmin'],
		help: 'debug profile of that container, as in spoke debug',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'on stderr, print only errors and what was not copied'},
	podRunningTimeoutFlag(),
	outputFlag('text, or json: an object per copied file; one CopyEntry per file, directory and link, and one CopySummary'),
	...streamFlags,
] as const;

export const cpSpec = {
	name: 'cp',
	summary: 'copy files and directories from or to a container',
	usage: ['cp [NAMESPACE/]POD:PATH DESTINATION [flags]', 'cp SOURCE [NAMESPACE/]POD:PATH [flags]'],
	about:
		'POD can be KIND/NAME, for example deploy/web. Copies whole files or exits with an error: each file is written under a temporary name, its checksum is compared on both ends, and only then it takes its place. After a lost stream, the copy continues with the files that are missing.\nAs in kubectl: if DESTINATION is a directory, a file or a local directory is copied into it. From a directory in a container, spoke copies the content, without the directory itself. The image needs sh, cat, dd, head, mv, readlink, sha256sum and stat; tar is not needed.\nIf it lacks one, spoke can add a debug container that sees the container’s processes, and copy through it: --debug-image. It cannot be removed from the pod, and ends a minute after the copy. Paths must then be absolute, and new files belong to its user.\nLinks stay links. From a container, a link that leads out of DESTINATION is not copied. Devices, pipes, sockets and pseudo file systems such as /proc are never copied. If anything was not copied, spoke names it and exits 1. Owners are not kept, nor are setuid and setgid bits.',
	examples: [
		['spoke cp web-5d:/etc/nginx ./nginx', 'the content of a directory'],
		['spoke cp shop/checkout-7f:/tmp/heap.hprof . -c app', 'a file of a container in another namespace'],
		['spoke cp ./site web-5d:/srv', 'a directory, as /srv/site if /srv exists'],
		['spoke cp deploy/web:/var/log/app.log app.log -o json', 'from a pod of a deployment, with a summary for scripts'],
		['spoke cp api-0:/tmp/heap.pprof . --debug-image=busybox', 'also if the image has no shell'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** Cron jobs of the sandbox. */
import test from 'ava';
import {reconcileCronJobs} from '../../source/sandbox/controllers/cron-jobs.ts';
import {parseSchedule} from '../../source/sandbox/objects/cron-schedule.ts';
import {ObjectStore} from '../../source/sandbox/objects/object-store.ts';
import {createCronJob} from '../../source/sandbox/scenarios/workload-objects.ts';

test('a schedule matches minute, hour, day, month and weekday, with ranges, lists and steps', t => {
	const fits = (schedule: string, at: string) => parseSchedule(schedule)?.(new Date(at));
	t.true(fits('*/15 * * * *', '2026-01-01T10:45:00Z'));
	t.false(fits('*/15 * * * *', '2026-01-01T10:46:00Z'));
	t.true(fits('0 3,15 1-7 * *', '2026-01-05T15:00:00Z'));
	t.false(fits('0 3 * * 0', '2026-01-05T03:00:00Z'), 'a Monday');
	t.true(fits('@daily', '2026-01-05T00:00:00Z'));
	for (const none of ['', '* * * *', '60 * * * *', 'x * * * *', '*/0 * * * *', '5-1 * * * *']) {
		t.is(parseSchedule(none), undefined, none);
	}
});

test('a cron job creates one job per due minute, none while suspended, and keeps three', t => {
	const store = new ObjectStore();
	createCronJob(store, {name: 'tick', namespace: 'demo', schedule: '* * * * *', containers: [{name: 'c', image: 'x'}]});
	createCronJob(store, {name: 'off', namespace: 'demo', schedule: '* * * * *', suspend: true, containers: [{name: 'c', image: 'x'}]});
	const jobs = () => store.list('jobs').map(({metadata: {name}}) => name.replace(/\d+$/, ''));
	const start = Date.now() + 60_000;
	reconcileCronJobs(store, new Date(start));
	reconcileCronJobs(store, new Date(start));
	t.deepEqual(jobs(), ['tick-']);
	t.is(store.get('cronjobs', 'demo', 'tick')!.status?.active?.length, 1);
	for (let minute = 1; minute < 6; minute++) {
		for (const {
			metadata: {name},
		} of store.list('jobs')) {
			store.update('jobs', 'demo', name, copy => {
				copy.status = {completionTime: '2026-01-01T00:00:00Z'};
			});
		}

		reconcileCronJobs(store, new Date(start + minute * 60_000));
	}

	t.is(jobs().length, 4, 'three that are done and one that is not');
});

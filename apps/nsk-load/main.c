/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsk-load: a client that measures servers. The main thread reports and moves the run from phase to
 * phase; engines load, in threads of their own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nsk-load/load.h"
#include "nsk-load/summary.h"

#define LOOK_NS		    UINT64_C(5000000)
#define REFUSED_PATIENCE_NS UINT64_C(1000000000) /* a server that is about to listen */
#define DRAIN_PATIENCE_NS   UINT64_C(20000000000)

static const struct engine *const engines[] = {&lean_engine, &raw_engine, &stack_engine,
					       &kernel_engine};

struct thread {
	pthread_t id;
	struct load *load;
	const struct engine *engine;
	unsigned worker;
};

/* One of those that the option takes. */
static const struct engine *find_engine(const char *name)
{
	size_t i = 0;

	while (strcmp(engines[i]->name, name) != 0)
		i++;
	return engines[i];
}

/* Results live in pages of their own, so that the reporting thread's reading disturbs no other
 * memory. */
static void make_results(struct load *load)
{
	for (unsigned i = 0; i < load->workers; i++) {
		void *p = mmap(NULL, sizeof(struct result), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			program_fail(load->program, "out of memory");
		load->result[i] = p;
	}
}

/* ---- phases -------------------------------------------------------------------------------- */

static bool all_done(const struct load *load)
{
	if (__atomic_load_n(&load->failed, __ATOMIC_ACQUIRE))
		return true;
	for (unsigned i = 0; i < load->workers; i++)
		if (!__atomic_load_n(&load->result[i]->done, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* Established now; a short one counts from its opening on, since it is soon gone. */
static uint64_t opened(const struct load *load)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < load->workers; i++)
		sum += __atomic_load_n(load->options->short_lived ? &load->result[i]->now.opened
								  : &load->result[i]->open,
				       __ATOMIC_RELAXED);
	return sum;
}

/* Counters of all threads that only grow: what the other side has done, and what it has refused. */
struct progress {
	uint64_t opened, moved, refused;
};

static struct progress read_progress(const struct load *load)
{
	struct progress p = {0};
	struct counters c;

	for (unsigned i = 0; i < load->workers; i++) {
		const struct result *r = load->result[i];

		counters_read(&c, &r->now);
		p.opened += c.opened;
		/* What was sent in bulk was taken, or the window would be full. */
		p.moved += c.answers + c.rx_bytes + (load->options->bulk ? c.tx_bytes : 0);
		p.refused += __atomic_load_n(&r->error[LOAD_ERR_REFUSED], __ATOMIC_RELAXED);
	}
	return p;
}

/* When the present phase ends by itself. */
struct timing {
	uint64_t start_ns, open_end_ns, warm_end_ns, measure_end_ns, drain_end_ns;
	uint64_t moved, moved_ns; /* as it was, and since when */
};

/* How long nothing may come in a run by count: what the options themselves make it wait is not
 * lost time. */
static uint64_t silence_ns(const struct options *o)
{
	double s = o->patience_s + o->timeout_ms / 1e3 + o->think_ms / 1e3 + o->ramp_s +
		   (o->rate > 0 ? 1 / o->rate : 0);

	return (uint64_t)(s * 1e9);
}

/* Whether there is no point in going on. */
static bool hopeless(const struct load *load, struct timing *t, uint64_t now)
{
	const struct options *o = load->options;
	struct progress p = read_progress(load);
	enum phase phase = load_phase(load);

	if (p.moved != t->moved) {
		t->moved = p.moved;
		t->moved_ns = now;
	}
	if (phase > PHASE_MEASURE || phase == PHASE_WARM)
		return false;
	if (!p.opened && p.refused && now - t->start_ns >= REFUSED_PATIENCE_NS)
		return true;
	if (phase == PHASE_OPEN)
		return !p.opened && now >= t->open_end_ns;
	return load_by_count(o) && now - t->moved_ns >= silence_ns(o);
}

/* Connections that do not open are no reason not to measure the others. */
static void tell_opened(const struct load *load)
{
	uint64_t n = opened(load);

	if (n < load->options->connections)
		fprintf(stderr,
			"%s: %llu of %u connections are open after %g s (--patience): they are "
			"measured\n",
			load->program->name, (unsigned long long)n, load->options->connections,
			load->options->patience_s);
}

static enum phase next_phase(const struct load *load, struct timing *t, uint64_t now)
{
	const struct options *o = load->options;

	switch (load_phase(load)) {
	case PHASE_OPEN:
		if (opened(load) < o->connections && now < t->open_end_ns)
			return PHASE_OPEN;
		tell_opened(load);
		t->warm_end_ns = now + (uint64_t)(o->warmup_s * 1e9);
		return PHASE_WARM;
	case PHASE_WARM:
		if (now < t->warm_end_ns)
			return PHASE_WARM;
		t->measure_end_ns = now + (uint64_t)(o->duration_s * 1e9);
		return PHASE_MEASURE;
	case PHASE_MEASURE:
		if (load_by_count(o) || now < t->measure_end_ns)
			return PHASE_MEASURE;
		t->drain_end_ns = now + DRAIN_PATIENCE_NS;
		return PHASE_DRAIN;
	case PHASE_DRAIN:
		return now < t->drain_end_ns ? PHASE_DRAIN : PHASE_QUIT;
	default:
		return PHASE_QUIT;
	}
}

static void set_phase(struct load *load, enum phase phase)
{
	__atomic_store_n(&load->phase, phase, __ATOMIC_RELAXED);
}

/* The next moment at which something is to be done here. */
static uint64_t next_look(const struct load *load, const struct timing *t, uint64_t now,
			  uint64_t line_ns)
{
	uint64_t look = now + LOOK_NS;
	enum phase phase = load_phase(load);

	if (phase == PHASE_WARM && t->warm_end_ns < look)
		look = t->warm_end_ns;
	if (phase == PHASE_MEASURE && t->measure_end_ns < look && t->measure_end_ns > now)
		look = t->measure_end_ns;
	return line_ns < look ? line_ns : look;
}

static void watch(struct load *load, struct summary *s)
{
	const struct options *o = load->options;
	uint64_t now = program_now(), step = (uint64_t)(o->interval_s * 1e9), line = now + step;
	struct timing t = {.start_ns = now,
			   .moved_ns = now,
			   .open_end_ns = now + (uint64_t)((o->patience_s + o->ramp_s) * 1e9) +
					  o->connections * UINT64_C(20000)};

	summary_start(s, load, now);
	while (!all_done(load)) {
		program_sleep_until(next_look(load, &t, now, line));
		now = program_now();
		load->given_up |= hopeless(load, &t, now);
		if ((program_ended() || load->given_up) && load_phase(load) < PHASE_DRAIN) {
			t.drain_end_ns = now + DRAIN_PATIENCE_NS;
			set_phase(load, PHASE_DRAIN);
		}
		set_phase(load, next_phase(load, &t, now));
		if (now < line)
			continue;
		if (!o->quiet && load_phase(load) < PHASE_DRAIN)
			summary_line(s, now);
		/* Lines that were missed stay missed. */
		line += (now - line) / step * step + step;
	}
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct result *r = t->load->result[t->worker];

	t->engine->run(t->load, t->worker);
	__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void run(struct load *load, const struct engine *engine, struct summary *s)
{
	struct thread thread[LOAD_WORKERS];
	unsigned started = 0;
	int rc;

	for (; engine->run && started < load->workers; started++) {
		thread[started] =
			(struct thread){.load = load, .engine = engine, .worker = started};
		rc = pthread_create(&thread[started].id, NULL, thread_main, &thread[started]);
		if (rc)
			program_fail(load->program, "cannot start a thread: %s", strerror(rc));
	}
	if (engine->launch)
		engine->launch(load);
	watch(load, s);
	for (unsigned i = 0; i < started; i++)
		pthread_join(thread[i].id, NULL);
	if (engine->finish)
		engine->finish(load);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct load load;
	static struct summary summary;
	const struct program program = {
		.name = "nsk-load",
		.summary =
			"Loads a server: requests/s, connections/s, throughput; closed and open loop.",
		.usage = "-d DEVARGS -a CIDR --target ADDR:PORT [options]",
		.examples = load_examples,
		.rows = load_option_rows,
		.options = &options,
		.no_device = true, /* the kernel's engine needs none */
	};
	const struct engine *engine;
	int rc;

	options_init(&options);
	load.config = program_args(&program, &argc, argv);
	options_check(&options, &program, load.config);
	load.program = &program;
	load.options = &options;
	engine = find_engine(options.engine);
	/* A given amount is measured from its first byte to its last. */
	load.phase = load_by_count(&options) ? PHASE_MEASURE : PHASE_OPEN;
	program_catch_signals(NULL);
	engine->prepare(&load);
	make_results(&load);
	run(&load, engine, &summary);
	nsk_config_free(load.config);
	if (load.failed) {
		fprintf(stderr, "%s: %s\n", program.name, load.failure);
		return load.status;
	}
	rc = summary_end(&summary);
	free(load.stats);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/ends.h"

void ends_open(struct ends *e, const char *const *settings)
{
	world_pair(&e->world, &(struct world_params){
				      .seed = 1,
				      .wire = {.delay_ns = ENDS_DELAY},
				      .settings = settings,
			      });
	trace_start(&e->trace, &e->world);
	e->listener = world_listen(&e->world, 1, ENDS_PORT, 16);
	e->fd[0] = world_connect_from(&e->world, 0, ENDS_CPORT, "10.0.0.2", ENDS_PORT);
	e->fd[1] = world_accept(&e->world, e->listener);
	ends_run_ms(e, 1000);
	trace_clear(&e->trace);
}

void ends_finish(struct ends *e)
{
	if (e->listener >= 0)
		ends_close(&e->listener);
	assert_true(world_all_closed(&e->world, 0));
	assert_true(world_all_closed(&e->world, 1));
	world_pool_complete(&e->world, 0);
	world_pool_complete(&e->world, 1);
	trace_end(&e->trace);
	world_end(&e->world);
}

void ends_run_ms(struct ends *e, uint64_t ms)
{
	world_run(&e->world, ms * MS, NULL, NULL);
}

void ends_assert_states(struct ends *e, unsigned a, unsigned b)
{
	assert_int_equal(world_state(&e->world, 0, ENDS_CPORT), a);
	assert_int_equal(world_state(&e->world, 1, ENDS_PORT), b);
}

void ends_close(int *fd)
{
	assert_int_equal(nsk_close(*fd), 0);
	*fd = -1;
}

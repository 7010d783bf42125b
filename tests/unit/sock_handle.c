/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of descriptors: numbers, lookups, dup rings, moving. */
#include "sock_fake.h"

/* An entry that is there. */
static struct handle *at(int fd)
{
	struct handle *h = handle_at(fd);

	if (!h)
		abort();
	return h;
}

static struct sock a, b;
static struct nsk_worker here, there;

static int setup(void **state)
{
	(void)state;
	sock_init(&a, &here, &fake_stream_ops, AF_INET);
	sock_init(&b, &there, &fake_stream_ops, AF_INET);
	return 0;
}

static void numbers_start_at_two_to_the_30th_lowest_free_first(void **state)
{
	int fd[200];

	(void)state;
	for (int i = 0; i < 200; i++) {
		fd[i] = handle_reserve();
		assert_int_equal(fd[i], (1 << 30) + i);
	}
	handle_unreserve(fd[130]);
	handle_unreserve(fd[7]);
	assert_int_equal(handle_reserve(), fd[7]);
	assert_int_equal(handle_reserve(), fd[130]);
	assert_int_equal(handle_reserve(), NSK_FD_BASE + 200);
	for (int i = 0; i <= 200; i++)
		handle_unreserve(NSK_FD_BASE + i);
}

static void lookups_outside_the_table_find_nothing(void **state)
{
	(void)state;
	assert_null(handle_at(-1));
	assert_null(handle_at(0));
	assert_null(handle_at(NSK_FD_BASE - 1));
	assert_null(handle_at(NSK_FD_BASE + (int)HANDLE_MAX));
	assert_null(handle_at(INT32_MAX));
	assert_null(handle_at(NSK_FD_BASE + (int)HANDLE_STEP * 3));
}

static void a_reserved_number_is_no_descriptor_until_installed(void **state)
{
	int fd = handle_reserve();

	(void)state;
	assert_null(handle_worker(at(fd)));
	handle_install(fd, &a, false);
	assert_ptr_equal(handle_worker(at(fd)), &here);
	assert_ptr_equal(handle_sock(at(fd)), &a);
	assert_int_equal(a.fd, fd);
	handle_free(fd);
	assert_null(handle_worker(at(fd)));
	assert_null(handle_sock(at(fd)));
	assert_int_equal(a.fd, -1);
}

static void each_reuse_of_a_number_has_a_generation_of_its_own(void **state)
{
	int fd = handle_alloc(&a, false);
	uint32_t generation = at(fd)->generation;

	(void)state;
	handle_free(fd);
	assert_int_equal(handle_alloc(&b, false), fd);
	assert_int_equal(at(fd)->generation, generation + 1);
	handle_free(fd);
}

static void entries_do_not_move_when_the_table_grows(void **state)
{
	struct handle *first;
	int fd = handle_alloc(&a, false);

	(void)state;
	first = handle_at(fd);
	for (unsigned i = 1; i <= HANDLE_STEP; i++)
		assert_int_equal(handle_reserve(), fd + (int)i);
	assert_ptr_equal(handle_at(fd), first);
	for (unsigned i = 1; i <= HANDLE_STEP; i++)
		handle_unreserve(fd + (int)i);
	handle_free(fd);
}

static void a_move_rewrites_every_descriptor_of_the_description(void **state)
{
	int one = handle_alloc(&a, false);
	int two = handle_alloc(&a, true);
	int three = handle_alloc(&a, false);
	int other = handle_alloc(&b, false);
	struct sock moved;
	int fds[2];

	(void)state;
	handle_free(two);
	sock_init(&moved, &there, &fake_stream_ops, AF_INET);
	assert_int_equal(handle_count(&a), 2);
	handle_in_transit(&a, fds);
	assert_ptr_equal(handle_worker(at(one)), handle_transit);
	assert_ptr_equal(handle_worker(at(three)), handle_transit);
	assert_ptr_equal(handle_worker(at(other)), b.worker);
	moved.fd = a.fd;
	handle_arrive(fds, 2, &moved);
	assert_ptr_equal(handle_sock(at(one)), &moved);
	assert_ptr_equal(handle_worker(at(one)), &there);
	assert_ptr_equal(handle_sock(at(three)), &moved);
	assert_ptr_equal(handle_sock(at(other)), &b);
	handle_free(one);
	assert_int_equal(moved.fd, three);
	handle_free(three);
	assert_int_equal(moved.fd, -1);
	handle_free(other);
}

static void the_descriptors_of_a_worker_are_found_in_order(void **state)
{
	int one = handle_alloc(&a, false);
	int other = handle_alloc(&b, false);
	int two = handle_alloc(&a, false);

	(void)state;
	assert_int_equal(handle_next_of(&here, NSK_FD_BASE), one);
	assert_int_equal(handle_next_of(&here, one + 1), two);
	assert_int_equal(handle_next_of(&here, two + 1), -1);
	handle_free(one);
	handle_free(other);
	handle_free(two);
}

static void a_full_table_says_EMFILE_and_works_again_after_one_is_freed(void **state)
{
	int last = -1;

	(void)state;
	for (unsigned i = 0; i < HANDLE_MAX; i++)
		last = handle_reserve();
	assert_int_equal(last, NSK_FD_BASE + (int)HANDLE_MAX - 1);
	assert_int_equal(handle_reserve(), -EMFILE);
	handle_unreserve(NSK_FD_BASE + 4097);
	assert_int_equal(handle_reserve(), NSK_FD_BASE + 4097);
	assert_int_equal(handle_reserve(), -EMFILE);
	for (unsigned i = 0; i < HANDLE_MAX; i++)
		handle_unreserve(NSK_FD_BASE + (int)i);
	assert_int_equal(handle_reserve(), NSK_FD_BASE);
	handle_unreserve(NSK_FD_BASE);
}

#define ROUNDS 20000
#define OWN    8

/* Allocates and frees; no number may be with two threads at once. */
static uint32_t holder[OWN * 2 + 1];

static void *churn(void *arg)
{
	uint32_t clashes = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int fd[OWN];

		for (int i = 0; i < OWN; i++) {
			fd[i] = handle_reserve();
			clashes += __atomic_exchange_n(&holder[fd[i] - NSK_FD_BASE], 1,
						       __ATOMIC_RELAXED);
		}
		for (int i = 0; i < OWN; i++) {
			__atomic_store_n(&holder[fd[i] - NSK_FD_BASE], 0, __ATOMIC_RELAXED);
			handle_unreserve(fd[i]);
		}
	}
	*(uint32_t *)arg = clashes;
	return NULL;
}

static void threads_never_get_the_same_number(void **state)
{
	uint32_t clashes[2];
	pthread_t t[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, churn, &clashes[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(clashes[0] + clashes[1], 0);
	assert_int_equal(handle_reserve(), NSK_FD_BASE);
	handle_unreserve(NSK_FD_BASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers_start_at_two_to_the_30th_lowest_free_first, setup),
		cmocka_unit_test_setup(lookups_outside_the_table_find_nothing, setup),
		cmocka_unit_test_setup(a_reserved_number_is_no_descriptor_until_installed, setup),
		cmocka_unit_test_setup(each_reuse_of_a_number_has_a_generation_of_its_own, setup),
		cmocka_unit_test_setup(entries_do_not_move_when_the_table_grows, setup),
		cmocka_unit_test_setup(a_move_rewrites_every_descriptor_of_the_description, setup),
		cmocka_unit_test_setup(the_descriptors_of_a_worker_are_found_in_order, setup),
		cmocka_unit_test_setup(threads_never_get_the_same_number, setup),
		cmocka_unit_test_setup(a_full_table_says_EMFILE_and_works_again_after_one_is_freed,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

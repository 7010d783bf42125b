/* SPDX-License-Identifier: BSD-3-Clause */
/* The watch over a link: it says nothing about honest segments and names each rule that one breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nsk-sim/sim.h"
#include "nsk-sim/watch.h"

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

/* Sequence numbers wrap within the conversation. */
#define ISN_A UINT32_C(0xfffffff0)
#define ISN_B UINT32_C(1000)

static char said[512];

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	va_list ap;

	(void)sim;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* MSS 1000, window scale 2, SACK permitted, timestamps; what is not a SYN has timestamps alone. */
static const uint8_t syn_options[20] = {2, 4, 1000 >> 8, 1000 & 255, 3, 3, 2, 4, 2, 8, 10};
static const uint8_t options[12] = {1, 1, 8, 10};

static void see(struct watch *w, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
		unsigned wnd, unsigned len)
{
	size_t opts = flags & SYN ? sizeof(syn_options) : sizeof(options);
	uint8_t frame[2000] = {0}, *ip = frame + 14, *tcp = ip + 20;

	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(40 + opts + len));
	ip[9] = 6;
	put32(ip + 12, 0x0a000001 + from);
	put32(ip + 16, 0x0a000001 + !from);
	put16(tcp, from ? 80 : 4000);
	put16(tcp + 2, from ? 4000 : 80);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = (uint8_t)((20 + opts) / 4 << 4);
	tcp[13] = (uint8_t)flags;
	put16(tcp + 14, wnd);
	memcpy(tcp + 20, flags & SYN ? syn_options : options, opts);
	watch_frame(w, from, 0, frame, 54 + opts + len);
}

/* A conversation up to 3000 octets from A, of which B has acknowledged 1000; B offers 8000. */
static struct watch *talk(void)
{
	struct watch *w = watch_new(NULL, "wire");

	said[0] = '\0';
	see(w, 0, SYN, ISN_A, 0, 60000, 0);
	see(w, 1, SYN | ACK, ISN_B, ISN_A + 1, 8000, 0);
	see(w, 0, ACK, ISN_A + 1, ISN_B + 1, 15000, 0);
	for (unsigned i = 0; i < 3; i++)
		see(w, 0, ACK, ISN_A + 1 + 1000 * i, ISN_B + 1, 15000, 1000);
	see(w, 1, ACK, ISN_B + 1, ISN_A + 1001, 2000, 0);
	assert_string_equal(said, "");
	return w;
}

static void ends_with(struct watch *w, const char *what)
{
	if (what)
		assert_non_null(strstr(said, what));
	else
		assert_string_equal(said, "");
	watch_free(w);
}

static void honest_segments_pass(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 0, ACK, ISN_A + 1001, ISN_B + 1, 15000, 1000); /* again */
	see(w, 1, ACK, ISN_B + 1, ISN_A + 3001, 1500, 0);     /* same edge */
	see(w, 0, ACK, ISN_A + 8001, ISN_B + 1, 15000, 1000); /* up to it */
	see(w, 0, ACK | FIN, ISN_A + 9001, ISN_B + 1, 15000, 0);
	see(w, 1, RST, 77, 0, 0, 0);
	ends_with(w, NULL);
}

static void beyond_the_window_is_told(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 0, ACK, ISN_A + 8003, ISN_B + 1, 15000, 1000);
	ends_with(w, "from port 4000 to 80 goes beyond the window");
}

static void a_window_taken_back_is_told_even_by_a_unit(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 1, ACK, ISN_B + 1, ISN_A + 1001, 1999, 0);
	ends_with(w, "from port 80 to 4000 takes an offered window back");
}

static void less_than_a_unit_of_the_scale_is_no_window_taken_back_rfc7323_2_4(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 1, ACK, ISN_B + 1, ISN_A + 1002, 1999, 0);
	ends_with(w, NULL);
}

static void an_ack_that_goes_backwards_is_told(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 1, ACK, ISN_B + 1, ISN_A + 1000, 4000, 0);
	ends_with(w, "has an ACK that goes backwards");
}

static void an_ack_of_what_was_never_sent_is_told(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 1, ACK, ISN_B + 1, ISN_A + 3002, 4000, 0);
	ends_with(w, "acknowledges what was never sent");
}

static void more_than_the_mss_is_told(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 0, ACK, ISN_A + 3001, ISN_B + 1, 15000, 1001);
	ends_with(w, "is larger than the peer's MSS");
}

/* Cookies: the SYN came again with other options, and was answered twice, by two numbers. */
static void the_client_takes_one_of_two_cookies(void **state)
{
	const uint32_t other = ISN_B + 500000;

	(void)state;
	/* Either was on its way when the ACK of the first left (1), or neither was (0). */
	for (unsigned both = 0; both < 2; both++) {
		struct watch *w = watch_new(NULL, "wire");

		said[0] = '\0';
		see(w, 0, SYN, ISN_A, 0, 60000, 0);
		see(w, 1, SYN | ACK, ISN_B, ISN_A + 1, 8000, 0);
		see(w, 0, SYN, ISN_A, 0, 60000, 0);
		if (both)
			see(w, 1, SYN | ACK, other, ISN_A + 1, 8000, 0);
		see(w, 0, ACK, ISN_A + 1, ISN_B + 1, 1000, 0);
		if (!both)
			see(w, 1, SYN | ACK, other, ISN_A + 1, 8000, 0);
		see(w, 1, ACK, ISN_B + 1, ISN_A + 1, 2000, 1000);
		see(w, 0, ACK, ISN_A + 1, ISN_B + 1001, 1000, 1000);
		assert_string_equal(said, "");
		/* An open connection has its number. */
		see(w, 1, SYN | ACK, other, ISN_A + 1, 8000, 0);
		ends_with(w, "goes beyond the window");
	}
}

static void the_same_ports_may_talk_anew(void **state)
{
	struct watch *w = talk();

	(void)state;
	see(w, 0, SYN, 5, 0, 60000, 0);
	see(w, 1, SYN | ACK, 900000, 6, 1000, 0);
	see(w, 0, ACK, 6, 900001, 15000, 1000);
	ends_with(w, NULL);
}

static void every_frame_and_its_time_changes_the_hash(void **state)
{
	static const uint8_t frame[64] = {1};
	struct watch *a = watch_new(NULL, ""), *b = watch_new(NULL, "");
	uint64_t before;

	(void)state;
	watch_frame(a, 0, 7, frame, sizeof(frame));
	watch_frame(b, 0, 7, frame, sizeof(frame));
	before = watch_hash(a);
	assert_true(before == watch_hash(b));
	watch_frame(a, 0, 8, frame, sizeof(frame));
	watch_frame(b, 0, 9, frame, sizeof(frame));
	assert_true(watch_hash(a) != watch_hash(b) && watch_hash(a) != before);
	watch_free(a);
	watch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_segments_pass),
		cmocka_unit_test(beyond_the_window_is_told),
		cmocka_unit_test(a_window_taken_back_is_told_even_by_a_unit),
		cmocka_unit_test(less_than_a_unit_of_the_scale_is_no_window_taken_back_rfc7323_2_4),
		cmocka_unit_test(an_ack_that_goes_backwards_is_told),
		cmocka_unit_test(an_ack_of_what_was_never_sent_is_told),
		cmocka_unit_test(more_than_the_mss_is_told),
		cmocka_unit_test(the_client_takes_one_of_two_cookies),
		cmocka_unit_test(the_same_ports_may_talk_anew),
		cmocka_unit_test(every_frame_and_its_time_changes_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

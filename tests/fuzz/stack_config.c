/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/stack/config_file.c: a configuration file of any bytes is taken, or refused with a text of
 * one printable line that begins with the file; whatever was taken is in range.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "stack/config.h"
#include "stack/settings.h"

/* libconfig 1.5 forgets a string that stands where none may: a few bytes for each broken file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void check_error(const char *error, const char *path)
{
	FUZZ_CHECK(strncmp(error, path, strlen(path)) == 0);
	for (const char *c = error; *c; c++)
		FUZZ_CHECK(isprint((unsigned char)*c));
}

static void check_config(struct nsk_config *config)
{
	for (unsigned i = 0; i < settings_count; i++) {
		uint64_t value = settings_value(&config->set, &settings_table[i]);

		FUZZ_CHECK(value >= settings_table[i].min && value <= settings_table[i].max);
	}
	FUZZ_CHECK(config->nworkers >= 1 && config->nworkers <= CONFIG_WORKERS_MAX);
	FUZZ_CHECK(config->ndevices <= IFACE_DEVICES_MAX && config->nroutes <= CONFIG_ROUTES_MAX);
	for (unsigned i = 0; i < config->ndevices; i++)
		FUZZ_CHECK(config->device[i].devargs &&
			   config->device[i].naddrs <= IFACE_ADDRS_MAX);
	config_check(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsk_config *config = nsk_config_new();
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];

	FUZZ_CHECK(config && fd >= 0);
	FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (nsk_config_load(config, path))
		check_error(nsk_config_error(config), "/");
	check_config(config);
	nsk_config_free(config);
	close(fd);
	return 0;
}

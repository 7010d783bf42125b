/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/neigh.h"

#include <string.h>

static json_t *wrong(char *error, size_t size, const char *text)
{
	snprintf(error, size, "neigh: %s", text);
	return NULL;
}

json_t *neigh_request(char *const *operands, char *error, size_t size)
{
	bool add = operands[0] && strcmp(operands[0], "add") == 0;
	const char *mac = NULL, *dev = NULL;
	json_t *request;

	if (!add && !(operands[0] && strcmp(operands[0], "del") == 0))
		return wrong(error, size,
			     "add ADDRESS lladdr MAC dev IFACE, or del ADDRESS dev IFACE; "
			     "\"arp\" shows all");
	if (!operands[1])
		return wrong(error, size, "which address?");
	for (char *const *at = operands + 2; *at; at += 2) {
		if (!at[1])
			return wrong(error, size, "a value is missing behind the last word");
		if (strcmp(*at, "dev") == 0)
			dev = at[1];
		else if (add && strcmp(*at, "lladdr") == 0)
			mac = at[1];
		else
			return wrong(error, size,
				     add ? "dev and lladdr are known words"
					 : "dev is the only word");
	}
	if (!dev || (add && !mac))
		return wrong(error, size,
			     dev ? "which link address? lladdr MAC"
				 : "on which interface? dev IFACE");
	request = json_pack("{s:s, s:s, s:s}", "cmd", add ? "neigh_add" : "neigh_del", "address",
			    operands[1], "iface", dev);
	if (request && mac)
		json_object_set_new(request, "mac", json_string(mac));
	return request ? request : wrong(error, size, "all must be text in UTF-8");
}

void neigh_show(FILE *out, const json_t *reply, bool all)
{
	(void)out, (void)reply, (void)all;
}

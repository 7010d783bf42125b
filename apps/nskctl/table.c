/* SPDX-License-Identifier: BSD-3-Clause */
#include "nskctl/table.h"

#include <string.h>

#define COLUMNS_MAX 16
#define CELL_MAX    256

static const char *join(const json_t *array, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_array_size(array) && used < size; i++) {
		char one[CELL_MAX];

		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "," : "",
					 table_cell(json_array_get(array, i), one, sizeof(one)));
	}
	return buf;
}

const char *table_cell(const json_t *value, char *buf, size_t size)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		snprintf(buf, size, "%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(buf, size, "%.1f", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
		break;
	case JSON_ARRAY:
		return join(value, buf, size);
	default:
		snprintf(buf, size, "-");
	}
	if (buf[0] == '\0')
		snprintf(buf, size, "-");
	return buf;
}

static const json_t *lookup(const json_t *row, const char *key)
{
	const char *dot = strchr(key, '.');
	char outer[64];

	if (!dot)
		return json_object_get(row, key);
	snprintf(outer, sizeof(outer), "%.*s", (int)(dot - key), key);
	return json_object_get(json_object_get(row, outer), dot + 1);
}

static void widths_of(const struct column *columns, const json_t *rows, int *width)
{
	for (unsigned c = 0; columns[c].heading; c++) {
		width[c] = (int)strlen(columns[c].heading);
		for (size_t i = 0; i < json_array_size(rows); i++) {
			char cell[CELL_MAX];
			int n = (int)strlen(
				table_cell(lookup(json_array_get(rows, i), columns[c].key), cell,
					   sizeof(cell)));

			width[c] = n > width[c] ? n : width[c];
		}
	}
}

/* The last column is not filled up with blanks. */
static void print_cell(FILE *out, const struct column *column, int width, const char *text)
{
	bool last = !column[1].heading;

	if (column->right)
		fprintf(out, "%*s%s", width, text, last ? "\n" : "  ");
	else if (last)
		fprintf(out, "%s\n", text);
	else
		fprintf(out, "%-*s  ", width, text);
}

void table_print(FILE *out, const struct column *columns, const json_t *rows)
{
	int width[COLUMNS_MAX];

	widths_of(columns, rows, width);
	for (unsigned c = 0; columns[c].heading; c++)
		print_cell(out, &columns[c], width[c], columns[c].heading);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		for (unsigned c = 0; columns[c].heading; c++) {
			char cell[CELL_MAX];

			table_cell(lookup(json_array_get(rows, i), columns[c].key), cell,
				   sizeof(cell));
			print_cell(out, &columns[c], width[c], cell);
		}
	}
}

package mssql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// name is a table's name, unquoted; schema is "" where none is given.
type name struct{ schema, table string }

// String is the name as people write it.
func (n name) String() string {
	if n.schema == "" {
		return n.table
	}
	return n.schema + "." + n.table
}

// quoted is the name as it stands in a statement, whatever characters it holds.
func (n name) quoted() string {
	if n.schema == "" {
		return quote(n.table)
	}
	return quote(n.schema) + "." + quote(n.table)
}

// quote puts an identifier into brackets.
func quote(identifier string) string { return "[" + strings.ReplaceAll(identifier, "]", "]]") + "]" }

// literal is a text as a Unicode constant.
func literal(s string) string { return "N'" + strings.ReplaceAll(s, "'", "''") + "'" }

// parseName reads a configured table name: table, schema.table, [my schema].[my table]. The key says which table is
// meant and is its name where none is configured.
func parseName(key, configured string) (name, error) {
	if strings.TrimSpace(configured) == "" {
		return name{table: key}, nil
	}
	var parts []string
	for rest := strings.TrimSpace(configured); ; {
		part, after, ok := cutIdentifier(rest)
		if !ok || len(parts) == 2 {
			return name{}, fmt.Errorf("source.tables.%s is %q: allowed are a table and a schema with a table, each "+
				"up to 128 characters, "+
				"in brackets when they hold dots or brackets: dbo.event, [my schema].[my table]", key, configured)
		}
		parts = append(parts, part)
		if after == "" {
			break
		}
		rest = after[1:]
	}
	if len(parts) == 1 {
		return name{table: parts[0]}, nil
	}
	return name{schema: parts[0], table: parts[1]}, nil
}

// cutIdentifier takes the first identifier off s; what follows is empty or begins with a dot.
func cutIdentifier(s string) (identifier, after string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, '.')
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], usable(s[:end]) && !strings.ContainsAny(s[:end], "[]")
	}
	for at := 1; at < len(s); at++ {
		if s[at] != ']' {
			continue
		}
		if strings.HasPrefix(s[at:], "]]") {
			at++
			continue
		}
		identifier, after = strings.ReplaceAll(s[1:at], "]]", "]"), s[at+1:]
		return identifier, after, usable(identifier) && (after == "" || after[0] == '.')
	}
	return "", "", false
}

// usable reports whether SQL Server can have an object of this name.
func usable(identifier string) bool {
	return identifier != "" && utf8.ValidString(identifier) && utf8.RuneCountInString(identifier) <= 128 &&
		!strings.ContainsFunc(identifier, unicode.IsControl)
}

// parseColumn reads a configured column name: start_time, [start time].
func parseColumn(key, configured string) (string, error) {
	identifier, after, ok := cutIdentifier(strings.TrimSpace(configured))
	if !ok || after != "" {
		return "", fmt.Errorf("source.columns.%s is %q: allowed is a column of up to 128 characters, "+
			"in brackets when it holds dots or brackets: start_time, [start time]", key, configured)
	}
	return identifier, nil
}

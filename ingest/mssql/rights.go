package mssql

import (
	"context"
	"strings"
)

// askRoles finds what lets the login change more than the tables named here. NULL is a role or right that the server
// does not know.
func (c *session) askRoles(ctx context.Context, in *Inspection) error {
	var questions, names []string
	for _, role := range []string{"sysadmin", "securityadmin"} {
		questions, names = append(questions, "IS_SRVROLEMEMBER("+literal(role)+")"), append(names, role)
	}
	for _, role := range []string{"db_owner", "db_datawriter", "db_ddladmin", "db_securityadmin"} {
		questions, names = append(questions, "IS_MEMBER("+literal(role)+")"), append(names, role)
	}
	roles := len(names)
	for _, right := range []string{"EXECUTE", "ALTER", "CONTROL"} {
		questions = append(questions, "HAS_PERMS_BY_NAME("+literal(quote(in.Database))+", N'DATABASE', "+
			literal(right)+")")
		names = append(names, right)
	}
	_, err := c.run(ctx, "rights", part{
		sql: "SELECT " + strings.Join(questions, ", "), table: "the login's roles", columns: names,
		take: func(r *record) {
			for i, name := range names {
				has, _ := r.number(i)
				switch {
				case has != 1:
				case i < roles:
					in.Roles = append(in.Roles, name)
				default:
					in.Rights = append(in.Rights, name)
				}
			}
		}})
	if refused(err) {
		return nil
	}
	return err
}

// askProcedures counts the procedures that the login may run, whatever they do; the right may come from the role
// public. It looks at a thousand of them at most, and leaves out those of the server itself, as both would take long. A
// server that does not know the question leaves the number at 0.
func (c *session) askProcedures(ctx context.Context, in *Inspection) error {
	_, err := c.run(ctx, "rights", part{
		sql: "SELECT COUNT(*) FROM (SELECT TOP 1000 HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME(schema_id)) + N'.' + " +
			"QUOTENAME(name), " +
			"N'OBJECT', N'EXECUTE') AS can FROM sys.procedures WHERE is_ms_shipped = 0) AS p WHERE can = 1",
		table: "sys.procedures", columns: []string{"procedures"},
		take: func(r *record) {
			n, _ := r.number(0)
			in.Runs = int(n)
		}})
	if refused(err) {
		return nil
	}
	return err
}

// askWrites finds out which of the rights to write the login has; a server that does not know the question leaves
// that unknown.
func (c *session) askWrites(ctx context.Context, in *InspectedTable) error {
	writes := []string{"INSERT", "UPDATE", "DELETE", "ALTER"}
	questions := make([]string, len(writes))
	for i, right := range writes {
		questions[i] = "HAS_PERMS_BY_NAME(" + literal(in.Place) + ", N'OBJECT', N'" + right + "')"
	}
	_, err := c.run(ctx, "rights", part{sql: "SELECT " + strings.Join(questions, ", "), table: in.Place,
		columns: writes,
		take: func(r *record) {
			in.WritesKnown = true
			for i, right := range writes {
				has, known := r.number(i)
				in.WritesKnown = in.WritesKnown && known
				if has == 1 {
					in.Writes = append(in.Writes, right)
				}
			}
		}})
	if refused(err) {
		return nil
	}
	return err
}

package configs

import "embed"

//go:embed systemd
var units embed.FS

// Unit is the unit for systemd, and Account the line for systemd-sysusers that makes the account it runs under.
func Unit() ([]byte, error) { return units.ReadFile("systemd/jobmon-db.service") }

// Account is described at Unit.
func Account() ([]byte, error) { return units.ReadFile("systemd/jobmon-db.sysusers") }

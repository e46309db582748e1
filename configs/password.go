package configs

import (
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/secretfile"
)

// Password is the password of source.user: that of source.password, or the one that stands in source.password_file at
// this moment; "" when neither is given. Load does not read that file, so that commands that do not connect need no
// right to it. The error is an *Error with the place of the key; it satisfies errors.Is for the errors of the file
// system, and never repeats the password.
func (c *Config) Password() (Secret, error) {
	problem := func(key string, err error) (Secret, error) {
		return "", &Error{Problems: []Problem{{Origin: c.value(key).Origin, Key: key, Reason: err.Error(), err: err}}}
	}
	s := &c.Source
	switch {
	case s.PasswordFile != "":
		password, err := secretfile.Read(s.PasswordFile)
		if err != nil {
			return problem("source.password_file", err)
		}
		return Secret(password), nil
	case s.Server != "" && s.User != "" && s.Password == "":
		return problem("source.user", errors.New("needs a password, in source.password_file "+
			"(`jobmon-db config set-secret source.password` writes it) or in the environment as "+envPrefix+
			"SOURCE_PASSWORD; without source.user the service's Windows account logs in"))
	}
	return s.Password, nil
}

// value is a key's value and origin.
func (c *Config) value(key string) Value {
	for _, v := range c.values {
		if v.Key == key {
			return v
		}
	}
	return Value{Key: key, Origin: Origin{Layer: FromDefault}}
}

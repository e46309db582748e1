package configs

import (
	"strings"

	"github.com/spf13/pflag"
)

// longestType is the longest list of words that help shows in the place of a flag's value.
const longestType = 40

// AddFlags adds the flags of the named keys, or of all keys when none is named, for Load to look at once they are
// parsed. What is given for them is checked by Load, together with everything else. A name that is no key is ignored.
func AddFlags(flags *pflag.FlagSet, names ...string) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	for _, k := range Keys() {
		if len(names) > 0 && !wanted[k.Name] {
			continue
		}
		first, _, _ := strings.Cut(k.Help, ". ")
		usage := strings.TrimSuffix(first, ".")
		if k.DefaultIs != "" {
			usage += " (default: " + k.DefaultIs + ")"
		}
		typ := k.Type
		if len(typ) > longestType {
			typ, usage = "word", usage+"; "+k.Allowed
		}
		usage = strings.ReplaceAll(usage, "`", `"`) // which pflag takes for the name of the value
		flag := flags.VarPF(&flagValue{text: k.Default, typ: typ}, k.Flag(), "", usage)
		flag.Hidden = k.rare
		if k.Type == "bool" {
			flag.NoOptDefVal = "true"
		}
	}
}

// flagValue keeps what was given as it is.
type flagValue struct{ text, typ string }

func (f *flagValue) String() string { return f.text }

func (f *flagValue) Set(text string) error {
	f.text = text
	return nil
}

func (f *flagValue) Type() string { return f.typ }

func readFlags(flags *pflag.FlagSet, keys []Key) (values []given) {
	if flags == nil {
		return nil
	}
	for i := range keys {
		flag := flags.Lookup(keys[i].Flag())
		if flag == nil || !flag.Changed {
			continue
		}
		if value, ours := flag.Value.(*flagValue); ours { // else it is another flag of that name
			values = append(values, given{
				key: &keys[i], text: value.text, origin: Origin{Layer: FromFlag, Name: "--" + flag.Name},
			})
		}
	}
	return values
}

package jobmon

// Form says how a computer's file is written. The zero value is the format of docs/evt-format.md, anything else a form
// of the site's own: docs/evt-template.md. Forms with the same fields write the same bytes.
type Form struct {
	Template string `json:"template"` // text of the site's template
	Encoding string `json:"encoding"` // one of Encodings
	Newline  string `json:"newline"`  // NewlineCRLF or NewlineLF
}

// The ends of lines that a Form can have.
const (
	NewlineCRLF = "crlf"
	NewlineLF   = "lf"
)

// Encodings lists the encodings that a Form can have; the first is the one that most programs understand.
func Encodings() []string {
	return []string{
		"utf-8", "utf-8-bom", "utf-16le", "ascii",
		"windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
		"windows-1256", "windows-1257",
		"windows-1258", "windows-874",
		"cp437", "cp850", "cp852", "cp855", "cp858", "cp860", "cp862", "cp863", "cp865", "cp866",
		"iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
	}
}

package quoted

// openers are the words with which the sentence begins in languages that have
// the date first, and words before the name in others.
var openers = set(
	"on", "at", "am", "le", "el", "il", "op", "em", "den", "dne", "dňa", "w", "dnia", "în", "in", "la", "στις", "στην", "na", "на", "в", "у", "vào", "lúc",
	"pada", "a", "à", "às", "o", "þann", "ar", "më", "ils", "v", "d'an", "do", "v'", "em:", "ha", "missatge",
	"quoting", "zitat", "citando", "quote", "from", "von", "de", "ve", "dana", "date",
	"mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
	"mo", "di", "mi", "do", "fr", "sa", "so", "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag",
	"lun", "mar", "mer", "jeu", "ven", "sam", "dim", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
	"mié", "jue", "vie", "sáb", "dom", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo",
	"gio", "sab", "seg", "ter", "qua", "qui", "sex", "segunda", "terça", "quarta", "quinta", "sexta",
	"ma", "wo", "vr", "za", "zo", "man", "tir", "ons", "tor", "tors", "fre", "lør", "søn", "mån", "tis", "lör", "sön", "ti", "ke", "to", "pe", "la", "su",
	"pon", "wt", "śr", "czw", "pt", "sob", "niedz", "po", "út", "st", "čt", "pá", "ut", "št", "pi", "uto", "sri", "čet", "pet", "ned",
	"пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "нед", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье", "среду", "пятницу", "субботу",
	"понеділок", "вівторок", "середа", "четвер", "п'ятниця", "субота", "неділя",
	"pzt", "sal", "çar", "per", "cum", "cmt", "paz", "في", "على", "يوم", "בתאריך", "ב",
)

// wrote are the forms of the verb.
var wrote = set(
	"wrote", "writes", "written", "schrieb", "geschrieben", "schreibt", "écrit", "ecrit", "écrivait", "escribió", "escribio", "escribe", "escrito", "escribiu",
	"escrit", "escriure", "escreveu", "escreve", "scritto", "scrisse", "scrive", "schreef", "skreau", "skryf", "skrev", "skreiv", "skrifaði", "kirjoitti", "kirjoittaa", "kirjutas",
	"napisał", "napisała", "napisali", "pisze", "napsal", "napsala", "napsali", "napísal", "napísala", "napisao", "napisala", "napisal", "piše", "написао",
	"написал", "написала", "написали", "написа", "написав", "пишет", "писал", "пише", "напісаў", "írta", "yazdı", "yazmış", "yazdi", "scris", "έγραψε", "έγραψες",
	"rašė", "parašė", "rakstīja", "shkroi", "idatzi", "scrit", "ysgrifennodd", "scríobh", "sgrìobh", "skrivet",
	"كتب", "كتبت", "كتابة", "נכתב", "כתב", "כתבה", "نوشت", "viết", "menulis", "quoting", "zitat", "citando", "գրել",
)

// wroteUnspaced are those of languages that do not part words.
var wroteUnspaced = []string{
	"写道", "寫道", "写于", "寫於", "写了", "書きました", "のメール", "のメッセージ", "作成", "작성", "쓴 글", "썼습니다", "님이", "เขียน", "បានសរសេរ",
}

// titles end in a point that ends no sentence.
var titles = set("prof", "ing", "dipl", "mag", "mrs", "mme", "sra", "dra", "med", "inc", "ltd", "corp", "abt", "uhr", "ápr", "apr")

// particles are small words in names, and before the verb.
var particles = set("von", "van", "der", "den", "de", "da", "di", "del", "la", "le", "zu", "zur", "bin", "al", "el", "ter", "a", "ha", "je", "ezt", "has", "hat")

//! Lifelike people of a company that does not exist. The same number makes the same people every time.

/// A person as the company's directory knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) given: String,
    pub(super) family: String,
    /// Also the e-mail address, as in most Entra tenants.
    pub(super) user_name: String,
    pub(super) external_id: String,
    pub(super) employee_number: String,
    pub(super) title: &'static str,
    pub(super) department: &'static str,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) phone: String,
    /// Index of the manager; the first person has none.
    pub(super) manager: Option<usize>,
}

impl Person {
    pub(super) fn display_name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }
}

const GIVEN: [&str; 48] = [
    "Adele",
    "Aisha",
    "Alejandra",
    "Anders",
    "Ángel",
    "Anja",
    "Benoît",
    "Bianca",
    "Caleb",
    "Chloé",
    "Dag",
    "Daria",
    "Diego",
    "Ebba",
    "Emeka",
    "Esra",
    "Farid",
    "Fiona",
    "Gradi",
    "Grete",
    "Hana",
    "Henrietta",
    "Ikram",
    "Irvin",
    "Isaiah",
    "Jürgen",
    "Joni",
    "Kamala",
    "Lee",
    "Lidia",
    "Lynne",
    "Małgorzata",
    "Megan",
    "Miriam",
    "Mustafa",
    "Nadia",
    "Nestor",
    "Noor",
    "Patti",
    "Pradeep",
    "Rafał",
    "Sigrún",
    "Søren",
    "Tuğba",
    "Vance",
    "Wei",
    "Yara",
    "Zoltán",
];

const FAMILY: [&str; 48] = [
    "Okafor",
    "Vance",
    "Lindqvist",
    "Müller",
    "Graham",
    "Wilber",
    "Iyer",
    "Sherman",
    "Holloway",
    "Robbins",
    "Bowen",
    "Langer",
    "Gu",
    "Nartey",
    "Novák",
    "O'Connor",
    "Haddad",
    "Fernández",
    "Dubois",
    "Yılmaz",
    "Jónsdóttir",
    "Rossi",
    "Kowalska",
    "Tanaka",
    "Mbeki",
    "Sørensen",
    "Ivanova",
    "Castellanos",
    "Nguyen",
    "Ahmed",
    "Becker",
    "Costa",
    "de Vries",
    "Eriksen",
    "Fischer",
    "Gonzalez",
    "Horvat",
    "Ito",
    "Jansen",
    "Khan",
    "Larsson",
    "Moreau",
    "Nilsson",
    "Osei",
    "Petrov",
    "Quist",
    "Rahman",
    "Silva",
];

pub(super) const DEPARTMENTS: [(&str, [&str; 4]); 8] = [
    (
        "Engineering",
        ["Software Engineer", "Senior Software Engineer", "Site Reliability Engineer", "Test Engineer"],
    ),
    ("Sales", ["Account Executive", "Sales Engineer", "Sales Manager", "Inside Sales Representative"]),
    ("Marketing", ["Marketing Manager", "Content Writer", "Designer", "Campaign Analyst"]),
    ("Finance", ["Accountant", "Controller", "Financial Analyst", "Payroll Specialist"]),
    ("Human Resources", ["HR Business Partner", "Recruiter", "HR Generalist", "Learning Coordinator"]),
    ("Operations", ["Operations Analyst", "Warehouse Planner", "Facilities Lead", "Buyer"]),
    ("Legal", ["Counsel", "Contract Manager", "Paralegal", "Compliance Officer"]),
    ("Customer Support", ["Support Engineer", "Support Lead", "Onboarding Specialist", "Technical Writer"]),
];

pub(super) const CITIES: [(&str, &str); 8] = [
    ("Cork", "IE"),
    ("Berlin", "DE"),
    ("Kraków", "PL"),
    ("Seattle", "US"),
    ("São Paulo", "BR"),
    ("Nairobi", "KE"),
    ("Osaka", "JP"),
    ("Pune", "IN"),
];

pub(super) fn people(count: usize) -> Vec<Person> {
    (0..count).map(person).collect()
}

fn person(number: usize) -> Person {
    // Steps that share no factor with the lengths, so that names do not walk in step with departments.
    let given = pick(&GIVEN, number * 17);
    // One further for each round of given names, so that a pair of names comes back only after all pairs were used.
    let family = pick(&FAMILY, number * 31 + number / GIVEN.len() * 13);
    let (department, titles) = pick(&DEPARTMENTS, number * 3 + number / 11);
    let (city, country) = pick(&CITIES, number * 5 + number / 13);
    let local = format!("{}.{}", plain(given), plain(family));
    // Two of one name do happen; the number tells them apart, as administrators do it.
    let suffix = if number < GIVEN.len() { String::new() } else { number.to_string() };
    Person {
        given: (*given).to_owned(),
        family: (*family).to_owned(),
        user_name: format!("{local}{suffix}@fabrikam.example"),
        external_id: format!(
            "{:08x}-6a63-4a7c-8b1e-{number:012x}",
            0x5f0c_7a12_u32.wrapping_add(number as u32 * 7919)
        ),
        employee_number: format!("{}", 40_000 + number),
        title: if number == 0 { "Chief Executive Officer" } else { pick::<&'static str>(titles, number / 3) },
        department: if number == 0 { "Operations" } else { department },
        city,
        country,
        phone: format!("+353 21 555 {number:04}"),
        // Everybody reports to somebody hired before them; seven report to one.
        manager: number.checked_sub(1).map(|n| n / 7),
    }
}

fn pick<T>(list: &[T], number: usize) -> &T {
    #[expect(
        clippy::indexing_slicing,
        reason = "a remainder is less than the length, and no list here is empty"
    )]
    &list[number % list.len()]
}

/// Letters as they stand in an address.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'Á' | 'ã' => 'a',
        'é' => 'e',
        'î' | 'ı' => 'i',
        'ó' | 'ø' => 'o',
        'ú' | 'ü' => 'u',
        'ğ' => 'g',
        'ł' => 'l',
        other => other,
    };
    name.to_lowercase().chars().map(letter).filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn people_are_told_apart() {
        let people = people(2_000);
        let names: HashSet<_> = people.iter().map(|p| p.user_name.as_str()).collect();
        let ids: HashSet<_> = people.iter().map(|p| p.external_id.as_str()).collect();
        assert_eq!((names.len(), ids.len()), (2_000, 2_000));
        let display: HashSet<_> = people.iter().take(300).map(Person::display_name).collect();
        assert!(display.len() > 250, "names are varied: {}", display.len());
        assert!(people.iter().enumerate().all(|(n, p)| p.manager.is_none_or(|m| m < n)));
        assert!(people.iter().all(|p| p.user_name.is_ascii()));
    }
}

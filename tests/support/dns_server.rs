//! A DNS server that knows what a story tells it.

use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, MX, PTR, TXT},
    },
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::UdpSocket;

/// How the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Answers,
    /// SERVFAIL: it cannot find out.
    Fails,
    Silent,
}

#[derive(Clone)]
pub struct DnsServer {
    pub address: SocketAddr,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    mood: Mood,
    /// By name, without the last dot.
    records: BTreeMap<String, Vec<RData>>,
}

impl DnsServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = DnsServer { address: socket.local_addr().unwrap(), known: Arc::default() };
        let known = server.known.clone();
        tokio::spawn(async move {
            let mut packet = [0; 4_096];
            while let Ok((length, client)) = socket.recv_from(&mut packet).await {
                let asked = Message::from_vec(&packet[..length]).unwrap();
                let answer = answer(&asked, &known.lock().unwrap());
                if let Some(answer) = answer {
                    socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
                }
            }
        });
        server
    }

    pub fn behave(&self, mood: Mood) {
        self.known.lock().unwrap().mood = mood;
    }

    /// Puts texts in place of what `name` had. Each is cut into strings, as a zone file has them.
    pub fn texts(&self, name: &str, texts: &[&str]) {
        let cut = |text: &&str| {
            let strings = text.as_bytes().chunks(255);
            RData::TXT(TXT::from_bytes(strings.collect()))
        };
        self.put(name, texts.iter().map(cut).collect());
    }

    pub fn mail_host(&self, domain: &str, host: &str) {
        let mut records =
            self.known.lock().unwrap().records.get(domain).cloned().unwrap_or_default();
        records.push(RData::MX(MX::new(10, Name::from_ascii(host).unwrap())));
        self.put(domain, records);
    }

    /// Gives a host an address, and the address a name that may be another.
    pub fn host(&self, host: &str, address: [u8; 4], reverse: &str) {
        self.put(host, vec![RData::A(A(address.into()))]);
        let [a, b, c, d] = address;
        let name = PTR(Name::from_ascii(reverse).unwrap());
        self.put(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), vec![RData::PTR(name)]);
    }

    fn put(&self, name: &str, records: Vec<RData>) {
        self.known.lock().unwrap().records.insert(name.to_owned(), records);
    }
}

fn answer(asked: &Message, known: &Known) -> Option<Message> {
    let Known { mood, records } = known;
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    answer.add_queries(asked.queries.iter().cloned());
    match mood {
        Mood::Silent => return None,
        Mood::Fails => answer.metadata.response_code = ResponseCode::ServFail,
        Mood::Answers => {
            let query = &asked.queries[0];
            let name = query.name().to_ascii().to_ascii_lowercase();
            match records.get(name.trim_end_matches('.')) {
                None => answer.metadata.response_code = ResponseCode::NXDomain,
                Some(records) => {
                    let fitting =
                        records.iter().filter(|data| data.record_type() == query.query_type());
                    answer
                        .add_answers(fitting.map(|data| {
                            Record::from_rdata(query.name().clone(), 60, data.clone())
                        }));
                }
            }
        }
    }
    Some(answer)
}

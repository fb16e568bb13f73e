import type { DialectName } from 'offloop'
import type { SampleTable } from './sample.ts'

/** The schema of Chinook, a shop for music, as each of its editions is written: https://github.com/lerocha/chinook-database */
export const chinook: Readonly<Record<DialectName, string>> = {
  sqlite: `
create table [Artist] ([ArtistId] integer not null, [Name] nvarchar(120), constraint [PK_Artist] primary key ([ArtistId]));
create table [Album] (
  [AlbumId] integer not null,
  [Title] nvarchar(160) not null,
  [ArtistId] integer not null,
  constraint [PK_Album] primary key ([AlbumId]),
  foreign key ([ArtistId]) references [Artist] ([ArtistId]) on delete no action on update no action
);
create table [Employee] (
  [EmployeeId] integer not null, [LastName] nvarchar(20) not null, [FirstName] nvarchar(20) not null, [Title] nvarchar(30), [ReportsTo] integer,
  [BirthDate] datetime, [HireDate] datetime, [Address] nvarchar(70), [City] nvarchar(40), [State] nvarchar(40), [Country] nvarchar(40),
  [PostalCode] nvarchar(10), [Phone] nvarchar(24), [Fax] nvarchar(24), [Email] nvarchar(60),
  constraint [PK_Employee] primary key ([EmployeeId]),
  foreign key ([ReportsTo]) references [Employee] ([EmployeeId]) on delete no action on update no action
);
create table [Customer] (
  [CustomerId] integer not null, [FirstName] nvarchar(40) not null, [LastName] nvarchar(20) not null, [Company] nvarchar(80),
  [Address] nvarchar(70), [City] nvarchar(40), [State] nvarchar(40), [Country] nvarchar(40), [PostalCode] nvarchar(10), [Phone] nvarchar(24),
  [Fax] nvarchar(24), [Email] nvarchar(60) not null, [SupportRepId] integer,
  constraint [PK_Customer] primary key ([CustomerId]),
  foreign key ([SupportRepId]) references [Employee] ([EmployeeId]) on delete no action on update no action
);
create table [Genre] ([GenreId] integer not null, [Name] nvarchar(120), constraint [PK_Genre] primary key ([GenreId]));
create table [MediaType] ([MediaTypeId] integer not null, [Name] nvarchar(120), constraint [PK_MediaType] primary key ([MediaTypeId]));
create table [Invoice] (
  [InvoiceId] integer not null, [CustomerId] integer not null, [InvoiceDate] datetime not null, [BillingAddress] nvarchar(70),
  [BillingCity] nvarchar(40), [BillingState] nvarchar(40), [BillingCountry] nvarchar(40), [BillingPostalCode] nvarchar(10),
  [Total] numeric(10,2) not null,
  constraint [PK_Invoice] primary key ([InvoiceId]),
  foreign key ([CustomerId]) references [Customer] ([CustomerId]) on delete no action on update no action
);
create table [Track] (
  [TrackId] integer not null, [Name] nvarchar(200) not null, [AlbumId] integer, [MediaTypeId] integer not null, [GenreId] integer,
  [Composer] nvarchar(220), [Milliseconds] integer not null, [Bytes] integer, [UnitPrice] numeric(10,2) not null,
  constraint [PK_Track] primary key ([TrackId]),
  foreign key ([AlbumId]) references [Album] ([AlbumId]) on delete no action on update no action,
  foreign key ([GenreId]) references [Genre] ([GenreId]) on delete no action on update no action,
  foreign key ([MediaTypeId]) references [MediaType] ([MediaTypeId]) on delete no action on update no action
);
create table [InvoiceLine] (
  [InvoiceLineId] integer not null, [InvoiceId] integer not null, [TrackId] integer not null, [UnitPrice] numeric(10,2) not null,
  [Quantity] integer not null,
  constraint [PK_InvoiceLine] primary key ([InvoiceLineId]),
  foreign key ([InvoiceId]) references [Invoice] ([InvoiceId]) on delete no action on update no action,
  foreign key ([TrackId]) references [Track] ([TrackId]) on delete no action on update no action
);
create table [Playlist] ([PlaylistId] integer not null, [Name] nvarchar(120), constraint [PK_Playlist] primary key ([PlaylistId]));
create table [PlaylistTrack] (
  [PlaylistId] integer not null, [TrackId] integer not null,
  constraint [PK_PlaylistTrack] primary key ([PlaylistId], [TrackId]),
  foreign key ([PlaylistId]) references [Playlist] ([PlaylistId]) on delete no action on update no action,
  foreign key ([TrackId]) references [Track] ([TrackId]) on delete no action on update no action
);
create index [IFK_AlbumArtistId] on [Album] ([ArtistId]);
create index [IFK_CustomerSupportRepId] on [Customer] ([SupportRepId]);
create index [IFK_EmployeeReportsTo] on [Employee] ([ReportsTo]);
create index [IFK_InvoiceCustomerId] on [Invoice] ([CustomerId]);
create index [IFK_InvoiceLineInvoiceId] on [InvoiceLine] ([InvoiceId]);
create index [IFK_InvoiceLineTrackId] on [InvoiceLine] ([TrackId]);
create index [IFK_PlaylistTrackPlaylistId] on [PlaylistTrack] ([PlaylistId]);
create index [IFK_PlaylistTrackTrackId] on [PlaylistTrack] ([TrackId]);
create index [IFK_TrackAlbumId] on [Track] ([AlbumId]);
create index [IFK_TrackGenreId] on [Track] ([GenreId]);
create index [IFK_TrackMediaTypeId] on [Track] ([MediaTypeId]);`,

  postgresql: `
create table artist (artist_id int not null, name varchar(120), constraint artist_pkey primary key (artist_id));
create table album (album_id int not null, title varchar(160) not null, artist_id int not null, constraint album_pkey primary key (album_id));
create table employee (
  employee_id int not null, last_name varchar(20) not null, first_name varchar(20) not null, title varchar(30), reports_to int,
  birth_date timestamp, hire_date timestamp, address varchar(70), city varchar(40), state varchar(40), country varchar(40),
  postal_code varchar(10), phone varchar(24), fax varchar(24), email varchar(60),
  constraint employee_pkey primary key (employee_id)
);
create table customer (
  customer_id int not null, first_name varchar(40) not null, last_name varchar(20) not null, company varchar(80),
  address varchar(70), city varchar(40), state varchar(40), country varchar(40), postal_code varchar(10), phone varchar(24),
  fax varchar(24), email varchar(60) not null, support_rep_id int,
  constraint customer_pkey primary key (customer_id)
);
create table genre (genre_id int not null, name varchar(120), constraint genre_pkey primary key (genre_id));
create table media_type (media_type_id int not null, name varchar(120), constraint media_type_pkey primary key (media_type_id));
create table invoice (
  invoice_id int not null, customer_id int not null, invoice_date timestamp not null, billing_address varchar(70),
  billing_city varchar(40), billing_state varchar(40), billing_country varchar(40), billing_postal_code varchar(10),
  total numeric(10,2) not null,
  constraint invoice_pkey primary key (invoice_id)
);
create table track (
  track_id int not null, name varchar(200) not null, album_id int, media_type_id int not null, genre_id int,
  composer varchar(220), milliseconds int not null, bytes int, unit_price numeric(10,2) not null,
  constraint track_pkey primary key (track_id)
);
create table invoice_line (
  invoice_line_id int not null, invoice_id int not null, track_id int not null, unit_price numeric(10,2) not null, quantity int not null,
  constraint invoice_line_pkey primary key (invoice_line_id)
);
create table playlist (playlist_id int not null, name varchar(120), constraint playlist_pkey primary key (playlist_id));
create table playlist_track (
  playlist_id int not null, track_id int not null, constraint playlist_track_pkey primary key (playlist_id, track_id)
);
alter table album add constraint album_artist_id_fkey foreign key (artist_id) references artist (artist_id) on delete no action;
alter table customer add constraint customer_support_rep_id_fkey foreign key (support_rep_id) references employee (employee_id);
alter table employee add constraint employee_reports_to_fkey foreign key (reports_to) references employee (employee_id);
alter table invoice add constraint invoice_customer_id_fkey foreign key (customer_id) references customer (customer_id);
alter table invoice_line add constraint invoice_line_invoice_id_fkey foreign key (invoice_id) references invoice (invoice_id);
alter table invoice_line add constraint invoice_line_track_id_fkey foreign key (track_id) references track (track_id);
alter table playlist_track add constraint playlist_track_playlist_id_fkey foreign key (playlist_id) references playlist (playlist_id);
alter table playlist_track add constraint playlist_track_track_id_fkey foreign key (track_id) references track (track_id);
alter table track add constraint track_album_id_fkey foreign key (album_id) references album (album_id);
alter table track add constraint track_genre_id_fkey foreign key (genre_id) references genre (genre_id);
alter table track add constraint track_media_type_id_fkey foreign key (media_type_id) references media_type (media_type_id);
create index album_artist_id_idx on album (artist_id);
create index customer_support_rep_id_idx on customer (support_rep_id);
create index employee_reports_to_idx on employee (reports_to);
create index invoice_customer_id_idx on invoice (customer_id);
create index invoice_line_invoice_id_idx on invoice_line (invoice_id);
create index invoice_line_track_id_idx on invoice_line (track_id);
create index playlist_track_playlist_id_idx on playlist_track (playlist_id);
create index playlist_track_track_id_idx on playlist_track (track_id);
create index track_album_id_idx on track (album_id);
create index track_genre_id_idx on track (genre_id);
create index track_media_type_id_idx on track (media_type_id);`,

  mysql: `
create table \`Artist\` (\`ArtistId\` int not null, \`Name\` nvarchar(120), constraint \`PK_Artist\` primary key (\`ArtistId\`));
create table \`Album\` (\`AlbumId\` int not null, \`Title\` nvarchar(160) not null, \`ArtistId\` int not null, primary key (\`AlbumId\`));
create table \`Employee\` (
  \`EmployeeId\` int not null, \`LastName\` nvarchar(20) not null, \`FirstName\` nvarchar(20) not null, \`Title\` nvarchar(30), \`ReportsTo\` int,
  \`BirthDate\` datetime, \`HireDate\` datetime, \`Address\` nvarchar(70), \`City\` nvarchar(40), \`State\` nvarchar(40), \`Country\` nvarchar(40),
  \`PostalCode\` nvarchar(10), \`Phone\` nvarchar(24), \`Fax\` nvarchar(24), \`Email\` nvarchar(60),
  primary key (\`EmployeeId\`)
);
create table \`Customer\` (
  \`CustomerId\` int not null, \`FirstName\` nvarchar(40) not null, \`LastName\` nvarchar(20) not null, \`Company\` nvarchar(80),
  \`Address\` nvarchar(70), \`City\` nvarchar(40), \`State\` nvarchar(40), \`Country\` nvarchar(40), \`PostalCode\` nvarchar(10),
  \`Phone\` nvarchar(24), \`Fax\` nvarchar(24), \`Email\` nvarchar(60) not null, \`SupportRepId\` int,
  primary key (\`CustomerId\`)
);
create table \`Genre\` (\`GenreId\` int not null, \`Name\` nvarchar(120), primary key (\`GenreId\`));
create table \`MediaType\` (\`MediaTypeId\` int not null, \`Name\` nvarchar(120), primary key (\`MediaTypeId\`));
create table \`Invoice\` (
  \`InvoiceId\` int not null, \`CustomerId\` int not null, \`InvoiceDate\` datetime not null, \`BillingAddress\` nvarchar(70),
  \`BillingCity\` nvarchar(40), \`BillingState\` nvarchar(40), \`BillingCountry\` nvarchar(40), \`BillingPostalCode\` nvarchar(10),
  \`Total\` numeric(10,2) not null,
  primary key (\`InvoiceId\`)
);
create table \`Track\` (
  \`TrackId\` int not null, \`Name\` nvarchar(200) not null, \`AlbumId\` int, \`MediaTypeId\` int not null, \`GenreId\` int,
  \`Composer\` nvarchar(220), \`Milliseconds\` int not null, \`Bytes\` int, \`UnitPrice\` numeric(10,2) not null,
  primary key (\`TrackId\`)
);
create table \`InvoiceLine\` (
  \`InvoiceLineId\` int not null, \`InvoiceId\` int not null, \`TrackId\` int not null, \`UnitPrice\` numeric(10,2) not null,
  \`Quantity\` int not null,
  primary key (\`InvoiceLineId\`)
);
create table \`Playlist\` (\`PlaylistId\` int not null, \`Name\` nvarchar(120), primary key (\`PlaylistId\`));
create table \`PlaylistTrack\` (\`PlaylistId\` int not null, \`TrackId\` int not null, primary key (\`PlaylistId\`, \`TrackId\`));
create index \`IFK_AlbumArtistId\` on \`Album\` (\`ArtistId\`);
create index \`IFK_CustomerSupportRepId\` on \`Customer\` (\`SupportRepId\`);
create index \`IFK_EmployeeReportsTo\` on \`Employee\` (\`ReportsTo\`);
create index \`IFK_InvoiceCustomerId\` on \`Invoice\` (\`CustomerId\`);
create index \`IFK_InvoiceLineInvoiceId\` on \`InvoiceLine\` (\`InvoiceId\`);
create index \`IFK_InvoiceLineTrackId\` on \`InvoiceLine\` (\`TrackId\`);
create index \`IFK_PlaylistTrackPlaylistId\` on \`PlaylistTrack\` (\`PlaylistId\`);
create index \`IFK_PlaylistTrackTrackId\` on \`PlaylistTrack\` (\`TrackId\`);
create index \`IFK_TrackAlbumId\` on \`Track\` (\`AlbumId\`);
create index \`IFK_TrackGenreId\` on \`Track\` (\`GenreId\`);
create index \`IFK_TrackMediaTypeId\` on \`Track\` (\`MediaTypeId\`);
alter table \`Album\` add constraint \`FK_AlbumArtistId\` foreign key (\`ArtistId\`) references \`Artist\` (\`ArtistId\`) on delete no action on update no action;
alter table \`Customer\` add constraint \`FK_CustomerSupportRepId\` foreign key (\`SupportRepId\`) references \`Employee\` (\`EmployeeId\`) on delete no action on update no action;
alter table \`Employee\` add constraint \`FK_EmployeeReportsTo\` foreign key (\`ReportsTo\`) references \`Employee\` (\`EmployeeId\`) on delete no action on update no action;
alter table \`Invoice\` add constraint \`FK_InvoiceCustomerId\` foreign key (\`CustomerId\`) references \`Customer\` (\`CustomerId\`) on delete no action on update no action;
alter table \`InvoiceLine\` add constraint \`FK_InvoiceLineInvoiceId\` foreign key (\`InvoiceId\`) references \`Invoice\` (\`InvoiceId\`) on delete no action on update no action;
alter table \`InvoiceLine\` add constraint \`FK_InvoiceLineTrackId\` foreign key (\`TrackId\`) references \`Track\` (\`TrackId\`) on delete no action on update no action;
alter table \`PlaylistTrack\` add constraint \`FK_PlaylistTrackPlaylistId\` foreign key (\`PlaylistId\`) references \`Playlist\` (\`PlaylistId\`) on delete no action on update no action;
alter table \`PlaylistTrack\` add constraint \`FK_PlaylistTrackTrackId\` foreign key (\`TrackId\`) references \`Track\` (\`TrackId\`) on delete no action on update no action;
alter table \`Track\` add constraint \`FK_TrackAlbumId\` foreign key (\`AlbumId\`) references \`Album\` (\`AlbumId\`) on delete no action on update no action;
alter table \`Track\` add constraint \`FK_TrackGenreId\` foreign key (\`GenreId\`) references \`Genre\` (\`GenreId\`) on delete no action on update no action;
alter table \`Track\` add constraint \`FK_TrackMediaTypeId\` foreign key (\`MediaTypeId\`) references \`MediaType\` (\`MediaTypeId\`) on delete no action on update no action;`,
}

/** What is in it, under the names that SQLite's and MySQL's editions use. */
export const chinookTables: readonly SampleTable[] = [
  {
    name: 'Album',
    columns: 'AlbumId integer!, Title string(160)!, ArtistId integer!',
    primaryKey: ['AlbumId'],
    foreignKeys: [['ArtistId', 'Artist', 'ArtistId']],
    indexes: [['ArtistId']],
  },
  { name: 'Artist', columns: 'ArtistId integer!, Name string(120)', primaryKey: ['ArtistId'], foreignKeys: [], indexes: [] },
  {
    name: 'Customer',
    columns: `CustomerId integer!, FirstName string(40)!, LastName string(20)!, Company string(80), Address string(70), City string(40),
      State string(40), Country string(40), PostalCode string(10), Phone string(24), Fax string(24), Email string(60)!, SupportRepId integer`,
    primaryKey: ['CustomerId'],
    foreignKeys: [['SupportRepId', 'Employee', 'EmployeeId']],
    indexes: [['SupportRepId']],
  },
  {
    name: 'Employee',
    columns: `EmployeeId integer!, LastName string(20)!, FirstName string(20)!, Title string(30), ReportsTo integer, BirthDate dateTime,
      HireDate dateTime, Address string(70), City string(40), State string(40), Country string(40), PostalCode string(10), Phone string(24),
      Fax string(24), Email string(60)`,
    primaryKey: ['EmployeeId'],
    foreignKeys: [['ReportsTo', 'Employee', 'EmployeeId']],
    indexes: [['ReportsTo']],
  },
  { name: 'Genre', columns: 'GenreId integer!, Name string(120)', primaryKey: ['GenreId'], foreignKeys: [], indexes: [] },
  {
    name: 'Invoice',
    columns: `InvoiceId integer!, CustomerId integer!, InvoiceDate dateTime!, BillingAddress string(70), BillingCity string(40),
      BillingState string(40), BillingCountry string(40), BillingPostalCode string(10), Total numeric(10,2)!`,
    primaryKey: ['InvoiceId'],
    foreignKeys: [['CustomerId', 'Customer', 'CustomerId']],
    indexes: [['CustomerId']],
  },
  {
    name: 'InvoiceLine',
    columns: 'InvoiceLineId integer!, InvoiceId integer!, TrackId integer!, UnitPrice numeric(10,2)!, Quantity integer!',
    primaryKey: ['InvoiceLineId'],
    foreignKeys: [
      ['InvoiceId', 'Invoice', 'InvoiceId'],
      ['TrackId', 'Track', 'TrackId'],
    ],
    indexes: [['InvoiceId'], ['TrackId']],
  },
  { name: 'MediaType', columns: 'MediaTypeId integer!, Name string(120)', primaryKey: ['MediaTypeId'], foreignKeys: [], indexes: [] },
  { name: 'Playlist', columns: 'PlaylistId integer!, Name string(120)', primaryKey: ['PlaylistId'], foreignKeys: [], indexes: [] },
  {
    name: 'PlaylistTrack',
    columns: 'PlaylistId integer!, TrackId integer!',
    primaryKey: ['PlaylistId', 'TrackId'],
    foreignKeys: [
      ['PlaylistId', 'Playlist', 'PlaylistId'],
      ['TrackId', 'Track', 'TrackId'],
    ],
    indexes: [['PlaylistId'], ['TrackId']],
  },
  {
    name: 'Track',
    columns: `TrackId integer!, Name string(200)!, AlbumId integer, MediaTypeId integer!, GenreId integer, Composer string(220),
      Milliseconds integer!, Bytes integer, UnitPrice numeric(10,2)!`,
    primaryKey: ['TrackId'],
    foreignKeys: [
      ['AlbumId', 'Album', 'AlbumId'],
      ['GenreId', 'Genre', 'GenreId'],
      ['MediaTypeId', 'MediaType', 'MediaTypeId'],
    ],
    indexes: [['AlbumId'], ['GenreId'], ['MediaTypeId']],
  },
]
